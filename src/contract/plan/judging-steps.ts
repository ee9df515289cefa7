import { z } from 'zod';
import { limits } from '../limits';
import { Name, object, Template } from './basics';
import { Checks } from './checks';
import { planDescriptions } from './descriptions';
import { Context, frame } from './step-fields';

/** Steps whose output is as good as somebody judges it to be. */

const { step } = planDescriptions;

export const refineFields = object(
  {
    ...step,
    type: 'Versions are made and scored until one is good enough; the output is the best text itself.',
    evaluator: 'The agent that scores each version from 1 to 10 and says what would make it better.',
    prompt: 'What the evaluator is asked: a template; without it the task, or the previous output, is shown.',
    context: 'What the evaluator sees beside that; without it nothing.',
    criteria: 'What it is to look at: templates.',
    threshold: 'The score that is good enough.',
    maxIterations:
      'How many versions are made and scored at most; two running that do not beat the best end it earlier.',
    checks: 'What is looked at first: a version that fails a check scores 0, and the evaluator is not asked.',
    onExhausted:
      'Where none was good enough: pass the best on marked `threshold_missed`, fail, or ask a person (for 72 hours).',
  },
  {
    type: z.literal('refine'),
    ...frame,
    evaluator: Name,
    prompt: Template.optional(),
    context: Context.optional(),
    criteria: z.union([Template, z.array(Template).min(1).max(limits.checksMax)]).optional(),
    threshold: z.number().min(1).max(10).default(8),
    maxIterations: z.int().min(1).max(20).default(3),
    checks: Checks.optional(),
    onExhausted: z.enum(['best', 'fail', 'escalate']).default('best'),
  },
);

export const refineSentences = {
  generator: 'The step that makes each version; from the second on it knows `previous` and `feedback`.',
};

export const debateFields = object(
  {
    ...step,
    type: 'Several agents answer the same independently, and a judge reconciles them; the output is its answer.',
    panel: 'The agents that answer, side by side; one may be named twice. All of them must answer.',
    prompt: 'What the panel is asked: a template; without it the task, or the previous output, is shown.',
    context: 'What the panel and the judge see beside that.',
    rounds:
      'How often the panel answers; from the second round on each sees the answers of the others, unnamed. Equal answers end it earlier.',
    judge: 'The agent that gives the answer, how sure it is, and what the panel does not agree on.',
    minConfidence: 'A judge that is less sure than this counts as disagreement.',
    strict: 'Any point on which the panel does not agree counts as disagreement, too.',
    onDisagreement:
      'Pass the answer on marked `rounds_exhausted`, the dissent in `decision`; or ask a person (for 72 hours).',
  },
  {
    type: z.literal('debate'),
    ...frame,
    panel: z.array(Name).min(2).max(limits.panelMax),
    prompt: Template.optional(),
    context: Context.optional(),
    rounds: z.int().min(1).max(10).default(1),
    judge: Name,
    minConfidence: z.number().min(0).max(1).default(0.5),
    strict: z.boolean().default(false),
    onDisagreement: z.enum(['report', 'escalate']).default('report'),
  },
);
