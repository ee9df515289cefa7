import { z } from 'zod';
import { limits } from '../limits';
import type { Json } from '../value';
import { described, Duration, Name, object, type Condition } from './basics';
import {
  caseFields,
  caseSentences,
  choiceFields,
  choiceSentences,
  routerFields,
  routerSentences,
  routeSentences,
} from './choosing-steps';
import { planDescriptions as says } from './descriptions';
import { emitFields, eventsFields, eventsSentences, EventType, waitFields } from './event-steps';
import { debateFields, refineFields, refineSentences } from './judging-steps';
import { questionFields } from './people-steps';
import { planFields } from './plan-step';
import {
  agentFields,
  approvalFields,
  parallelFields,
  reviewFields,
  sequenceFields,
  setFields,
} from './step-fields';
import {
  hierarchyFields,
  hierarchySentences,
  supervisorFields,
  supervisorSentences,
  teamFields,
  teamSentences,
  workerSentences,
} from './supervising-steps';

export type OnFailure = 'fail' | 'skip' | 'escalate' | { value: Json } | { cached: string } | { step: Step };
interface Guarded {
  onFailure?: OnFailure | undefined;
}
export interface AgentStep extends z.infer<typeof agentFields>, Guarded {}
export interface SequenceStep extends z.infer<typeof sequenceFields>, Guarded {
  steps: Step[];
}
export interface ParallelStep extends z.infer<typeof parallelFields>, Guarded {
  branches?: { [name: string]: Step } | undefined;
  step?: Step | undefined;
  reduce?: Step | undefined;
}
export interface ReviewStep extends z.infer<typeof reviewFields>, Guarded {
  revise?: Step | undefined;
}
export interface ApprovalStep extends z.infer<typeof approvalFields>, Guarded {
  revise?: Step | undefined;
}
export interface QuestionStep extends z.infer<typeof questionFields>, Guarded {}
export interface SetStep extends z.infer<typeof setFields>, Guarded {}
export interface RouterStep extends z.infer<typeof routerFields>, Guarded {
  routes: { [label: string]: Route };
  otherwise?: Step | 'escalate' | undefined;
}
export interface Route {
  description?: string | undefined;
  step: Step;
}
export interface ChoiceStep extends z.infer<typeof choiceFields>, Guarded {
  cases: { when: Condition; step: Step }[];
  otherwise?: Step | undefined;
}
export interface WaitStep extends z.infer<typeof waitFields>, Guarded {}
export interface EventsStep extends z.infer<typeof eventsFields>, Guarded {
  handlers: { [event: string]: Step };
}
export interface EmitStep extends z.infer<typeof emitFields>, Guarded {}
export interface SupervisorStep extends z.infer<typeof supervisorFields>, Guarded {
  workers: { [name: string]: Worker };
  final?: Step | undefined;
}
export interface Worker {
  description?: string | undefined;
  step: Step;
}
export interface HierarchyStep extends z.infer<typeof hierarchyFields>, Guarded {
  teams: { [name: string]: Team };
  final?: Step | undefined;
}
export interface Team extends z.infer<typeof teamFields> {
  workers?: { [name: string]: Worker } | undefined;
  teams?: { [name: string]: Team } | undefined;
}
export interface RefineStep extends z.infer<typeof refineFields>, Guarded {
  generator: Step;
}
export interface DebateStep extends z.infer<typeof debateFields>, Guarded {}
export interface PlanStep extends z.infer<typeof planFields>, Guarded {}
export type Step =
  | AgentStep
  | SequenceStep
  | ParallelStep
  | ReviewStep
  | ApprovalStep
  | QuestionStep
  | SetStep
  | RouterStep
  | ChoiceStep
  | WaitStep
  | EmitStep
  | EventsStep
  | SupervisorStep
  | HierarchyStep
  | RefineStep
  | DebateStep
  | PlanStep;

const Child: z.ZodType<Step> = z.lazy(() => Step);
const OnFailure = z
  .union([
    z.enum(['fail', 'skip', 'escalate']),
    object(says.onFailure, { value: z.json() }),
    object(says.onFailure, { cached: Duration }),
    object(says.onFailure, { step: Child }),
  ])
  .meta({ id: 'OnFailure', description: says.schemas.OnFailure });
/** What a plan says of a route, worker or team to those who choose. */
const Sentence = z.string().max(2000);
/** A map with at least one entry. */
const named = <Entry extends z.ZodType>(entry: Entry, name: z.ZodString = Name) =>
  z.record(name, entry).refine((map) => Object.keys(map).length > 0, 'There must be at least one entry');
const guarded = { onFailure: OnFailure.optional() };
const Workers = named(object(workerSentences, { description: Sentence.optional(), step: Child }));
const ATeam: z.ZodType<Team> = z.lazy(() => Team);
const Team: z.ZodType<Team> = teamFields
  .extend(described(teamSentences, { workers: Workers.optional(), teams: named(ATeam).optional() }))
  // One schema of this name, however often a team is looked up in a team.
  .meta({ id: 'Team', description: says.schemas.Team });

export const Step = z
  .discriminatedUnion('type', [
    agentFields.extend(described(says.agentStep, guarded)).meta({ id: 'AgentStep' }),
    sequenceFields
      .extend(described(says.sequenceStep, { ...guarded, steps: z.array(Child).min(1).max(limits.stepsMax) }))
      .meta({ id: 'SequenceStep' }),
    parallelFields
      .extend(
        described(says.parallelStep, {
          ...guarded,
          branches: z.record(Name, Child).optional(),
          step: Child.optional(),
          reduce: Child.optional(),
        }),
      )
      .meta({ id: 'ParallelStep' }),
    reviewFields
      .extend(described(says.reviewStep, { ...guarded, revise: Child.optional() }))
      .meta({ id: 'ReviewStep' }),
    approvalFields
      .extend(described(says.approvalStep, { ...guarded, revise: Child.optional() }))
      .meta({ id: 'ApprovalStep' }),
    questionFields.extend(described(says.step, guarded)).meta({ id: 'QuestionStep' }),
    setFields.extend(described(says.setStep, guarded)).meta({ id: 'SetStep' }),
    routerFields
      .extend({
        ...described(says.step, guarded),
        ...described(routerSentences, {
          routes: named(object(routeSentences, { description: Sentence.optional(), step: Child })),
          otherwise: z.union([z.literal('escalate'), Child]).optional(),
        }),
      })
      .meta({ id: 'RouterStep' }),
    choiceFields
      .extend({
        ...described(says.step, guarded),
        ...described(choiceSentences, {
          cases: z
            .array(object(caseSentences, { ...caseFields, step: Child }))
            .min(1)
            .max(limits.branchesMax),
          otherwise: Child.optional(),
        }),
      })
      .meta({ id: 'ChoiceStep' }),
    waitFields.extend(described(says.step, guarded)).meta({ id: 'WaitStep' }),
    emitFields.extend(described(says.step, guarded)).meta({ id: 'EmitStep' }),
    eventsFields
      .extend({
        ...described(says.step, guarded),
        ...described(eventsSentences, { handlers: named(Child, EventType) }),
      })
      .meta({ id: 'EventsStep' }),
    supervisorFields
      .extend({
        ...described(says.step, guarded),
        ...described(supervisorSentences, {
          workers: Workers,
          final: Child.optional(),
        }),
      })
      .meta({ id: 'SupervisorStep' }),
    hierarchyFields
      .extend({
        ...described(says.step, guarded),
        ...described(hierarchySentences, { teams: named(Team), final: Child.optional() }),
      })
      .meta({ id: 'HierarchyStep' }),
    refineFields
      .extend({ ...described(says.step, guarded), ...described(refineSentences, { generator: Child }) })
      .meta({ id: 'RefineStep' }),
    debateFields.extend(described(says.step, guarded)).meta({ id: 'DebateStep' }),
    planFields.extend(described(says.step, guarded)).meta({ id: 'PlanStep' }),
  ])
  .meta({ id: 'Step' });
export const stepTypes = [
  'agent',
  'sequence',
  'parallel',
  'review',
  'approval',
  'question',
  'set',
  'router',
  'choice',
  'wait',
  'emit',
  'events',
  'supervisor',
  'hierarchy',
  'refine',
  'debate',
  'plan',
] as const;
