import { z } from 'zod';
import { AnyJson } from './any-json';
import { ApiUsage, RunStatus } from './api';
import { limits } from './limits';
import { ProblemIssue } from './problems';

/** What the API says before anything runs: which pattern fits, and what a run may come to. */

const Goal = z
  .string()
  .min(3)
  .max(limits.goalCharactersMax)
  .meta({ description: 'What is wanted, in words.' });

/** The questions of the decision tree, each answered by yes or no. */
export const Answers = z
  .strictObject({
    stepsDepend: z.boolean().optional().meta({ description: 'Does a step need what another one made?' }),
    iterativeQuality: z
      .boolean()
      .optional()
      .meta({ description: 'Must the result be judged and made better until it is good enough?' }),
    moreThanTenAgents: z.boolean().optional().meta({ description: 'Are more than ten agents at work?' }),
    dynamicDelegation: z
      .boolean()
      .optional()
      .meta({ description: 'Is it known only on the way which work there is and who should do it?' }),
    allResultsNeeded: z
      .boolean()
      .optional()
      .meta({ description: 'Are the results of all parts needed, and not that of the one that fits?' }),
  })
  .meta({ id: 'AdviceAnswers' });
export type Answers = z.infer<typeof Answers>;
export type QuestionName = keyof Answers;

export const Recommend = z
  .strictObject({ goal: Goal.optional(), answers: Answers.optional() })
  .refine(({ goal, answers }) => goal !== undefined || answers !== undefined, 'has neither goal nor answers')
  .meta({ id: 'Recommend' });

export const recommendedPatterns = [
  'sequence',
  'refine',
  'hierarchy',
  'supervisor',
  'parallel',
  'router',
] as const;
export type RecommendedPattern = (typeof recommendedPatterns)[number];

export const Recommendation = z
  .strictObject({
    pattern: z.enum(recommendedPatterns),
    reason: z.string().meta({ description: 'Why the last question led to it.' }),
    questions: z
      .array(
        z.strictObject({
          name: z.enum(Object.keys(Answers.shape) as [QuestionName, ...QuestionName[]]),
          question: z.string(),
          answer: z.boolean(),
          source: z.enum(['answers', 'goal', 'assumed']).meta({
            description:
              '`answers`: as it was given; `goal`: read from words of the goal, which `reason` names; `assumed`: neither says it.',
          }),
          reason: z.string().meta({ description: 'What follows from the answer, and where it is from.' }),
        }),
      )
      .meta({ description: 'The questions that were asked on the way, in order.' }),
    plan: AnyJson.meta({ description: 'A small plan of the pattern, which validates as it is.' }),
  })
  .meta({ id: 'Recommendation' });
export type Recommendation = z.infer<typeof Recommendation>;

const range = (unit: z.ZodNumber) => z.strictObject({ min: unit, expected: unit, max: unit });
export const Estimate = z
  .strictObject({
    modelCalls: range(z.int()),
    costUsd: range(z.number()),
    seconds: z.number().meta({
      description: 'Of work, as expected; waiting for people, events and times is not in it.',
    }),
    pastRuns: z.int().meta({
      description:
        'How many of the last 100 runs of the same plan `expected` and `seconds` are the mean of; with 0 they come from its shape.',
    }),
    warnings: z.array(ProblemIssue),
  })
  .meta({
    id: 'Estimate',
    description:
      '`min`, of a run that nothing ends early: whatever may be skipped is, and everything is good at once. Conditions that name nothing but the input are decided. `max`: every loop goes to its cap and every answer to its output cap, every attempt but the last fails, every answer is cut off or broken as often as that is put up with, and what may be too long is summed up first; no more than the limits of the plan. What people order, and attempts for which a vendor is waited for, come on top, up to the same limits.',
  });
export type Estimate = z.infer<typeof Estimate>;

export const DraftPlan = z.strictObject({ goal: Goal }).meta({ id: 'DraftPlan' });

export const Draft = z
  .strictObject({
    run: z.string().meta({ description: 'The run in which it was written.' }),
    status: RunStatus,
    simulated: z.boolean(),
    plan: AnyJson.meta({ description: 'Null until it is written.' }),
    source: z.string().nullable().meta({ description: 'The plan as it was written, in YAML.' }),
    reason: z.string().nullable().meta({ description: 'Why it is made so, as the planner says.' }),
    valid: z.boolean().nullable().meta({ description: 'With the models that can be called now.' }),
    errors: z.array(ProblemIssue),
    warnings: z.array(ProblemIssue),
    estimate: Estimate.nullable().meta({ description: 'What a run of it would come to.' }),
    usage: ApiUsage.meta({ description: 'What it cost to have it written.' }),
    error: z
      .strictObject({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Why there is no plan.' }),
  })
  .meta({ id: 'Draft' });
export type Draft = z.infer<typeof Draft>;
