import { z } from 'zod';
import { DurationText } from './duration';
import { vendorFaults } from './failures';
import { limits } from './limits';
import { planDescriptions as says } from './plan-descriptions';
import type { Json } from './value';

/**
 * The plan language, as a schema. The TypeScript types, the validation, the published JSON Schema
 * and the reference page come from here. What a plan means beyond its shape is in `src/plan/`.
 */

const identifier = /^[a-z][a-z0-9_-]{0,62}$/;
export const semver = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z.-]{1,60})?$/;

interface Fields {
  [name: string]: z.ZodType;
}
type Sentences<Described> = { readonly [Name in keyof Described]: string };

/** The same fields, each with the sentence that says what it means. */
function described<Described extends Fields>(says: Sentences<Described>, fields: Described): Described {
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    field.meta({ description: says[name] }),
  ]);
  // A description changes no type; only `fromEntries` forgets which field had which.
  return Object.fromEntries(entries) as Described;
}
const object = <Described extends Fields>(says: Sentences<Described>, fields: Described) =>
  z.strictObject(described(says, fields));

const Name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'is not a name: a letter, then up to 62 letters, digits, _ or -');
const Duration = DurationText.meta({ id: 'Duration', description: says.schemas.Duration });
const Template = z.string().max(limits.templateBytesMax);
/** A JSON Schema 2020-12, kept as it is written and compiled apart from the main thread. */
const JsonSchema = z
  .union([z.boolean(), z.record(z.string(), z.json())])
  .meta({ id: 'JsonSchema', description: says.schemas.JsonSchema });

export type Condition = string | boolean | { all: Condition[] } | { any: Condition[] } | { not: Condition };
const Condition: z.ZodType<Condition> = z
  .lazy(() =>
    z.union([
      z.string().min(1).max(4096),
      z.boolean(),
      z.strictObject({ all: z.array(Condition).min(1).max(100) }),
      z.strictObject({ any: z.array(Condition).min(1).max(100) }),
      z.strictObject({ not: Condition }),
    ]),
  )
  .meta({ id: 'Condition', description: says.schemas.Condition });

const Limits = object(says.limits, {
  costUsd: z.number().positive().max(100_000).optional(),
  tokens: z.int().positive().nullable().optional(),
  modelCalls: z.int().positive().nullable().optional(),
  timeout: Duration.nullable().optional(),
  vendorWait: Duration.optional(),
  depth: z.int().min(1).max(limits.depthMax).optional(),
  onExceeded: z.enum(['return_partial', 'fail']).optional(),
  allowUnpriced: z.boolean().optional(),
}).meta({ id: 'Limits', description: says.schemas.Limits });
export type Limits = z.infer<typeof Limits>;

const Retry = object(says.retry, {
  maxRetries: z.int().min(0).max(20).default(3),
  initialDelay: Duration.default('2s'),
  multiplier: z.number().min(1).max(10).default(2),
  maxDelay: Duration.default('30s'),
  retryOn: z.array(z.enum(vendorFaults)).default([...vendorFaults]),
});

const CircuitBreaker = object(says.circuitBreaker, {
  failures: z.int().min(1).max(100).optional(),
  cooldown: Duration.optional(),
});

const Agent = object(says.agent, {
  model: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(10)]),
  instructions: z.string().min(1).max(limits.templateBytesMax),
  description: z.string().max(2000).optional(),
  skills: z.array(z.string().min(1).max(100)).max(50).optional(),
  maxOutputTokens: z.int().min(1).max(1_000_000).default(4096),
  minOutputTokens: z.int().min(1).max(1_000_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  output: JsonSchema.optional(),
  maxContinuations: z.int().min(0).max(20).default(2),
  timeout: Duration.default('120s'),
  retry: Retry.prefault({}),
  // Without defaults here, which would change the digests of plans that are stored already.
  rateLimit: z.int().min(1).max(1_000_000).optional(),
  circuitBreaker: CircuitBreaker.optional(),
}).meta({ id: 'Agent', description: says.schemas.Agent });
export type Agent = z.infer<typeof Agent>;

const ContextMode = z.enum(['full', 'none', 'auto']);
const Context = z
  .union([
    ContextMode,
    object(says.context, {
      mode: ContextMode.optional(),
      from: z.array(z.string().regex(identifier)).max(limits.stepsMax).optional(),
      maxTokens: z.int().min(1).max(10_000_000).optional(),
    }),
  ])
  .meta({ id: 'Context', description: says.schemas.Context });
export type Context = z.infer<typeof Context>;

const frame = {
  id: z
    .string()
    .regex(identifier, 'is not an id: a small letter, then up to 62 of a-z, 0-9, _ and -')
    .optional(),
  when: Condition.optional(),
  timeout: Duration.optional(),
  limits: Limits.optional(),
};

// A step's own fields come first, without the steps inside it: TypeScript can't infer a type from a
// schema that names itself, so the recursive members stand in the interfaces below, once.
const agentFields = object(says.agentStep, {
  type: z.literal('agent'),
  ...frame,
  agent: Name,
  prompt: Template,
  context: Context.optional(),
});
const sequenceFields = object(says.sequenceStep, { type: z.literal('sequence'), ...frame });
const parallelFields = object(says.parallelStep, {
  type: z.literal('parallel'),
  ...frame,
  forEach: z.union([Template, z.array(z.json()).max(limits.forEachItemsMax)]).optional(),
  as: Name.optional(),
  concurrency: z.int().min(1).max(50).default(5),
  branchTimeout: Duration.optional(),
  require: z.union([z.int().min(0).max(limits.forEachItemsMax), z.literal('all')]).default(1),
  cancelRest: z.boolean().default(false),
  placeholder: z.json().default('data unavailable'),
  onLate: z.enum(['placeholder', 'partial']).default('placeholder'),
});
const reviewFields = object(says.reviewStep, {
  type: z.literal('review'),
  ...frame,
  reviewer: Name,
  prompt: Template.optional(),
  context: Context.optional(),
  criteria: z.union([Template, z.array(Template).min(1).max(50)]).optional(),
  of: Template.optional(),
  maxRevisions: z.int().min(0).max(20).default(2),
  onExhausted: z.enum(['escalate', 'fail', 'flag']).default('escalate'),
});
const approvalFields = object(says.approvalStep, {
  type: z.literal('approval'),
  ...frame,
  title: Template,
  content: Template.optional(),
  schema: JsonSchema.optional(),
  risk: z.enum(['low', 'medium', 'high']).default('high'),
  allow: z
    .array(z.enum(['approve', 'edit', 'reject']))
    .min(1)
    .max(3)
    .default(['approve', 'edit', 'reject']),
  timeout: Duration.default('72h'),
  onTimeout: z.enum(['fail', 'reject', 'approve', 'skip']).default('fail'),
  onReject: z.enum(['reject', 'skip']).default('reject'),
});
const setFields = object(says.setStep, { type: z.literal('set'), ...frame, value: z.json() });

export type OnFailure = 'fail' | 'skip' | { value: Json } | { step: Step };
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
export interface ApprovalStep extends z.infer<typeof approvalFields>, Guarded {}
export interface SetStep extends z.infer<typeof setFields>, Guarded {}
export type Step = AgentStep | SequenceStep | ParallelStep | ReviewStep | ApprovalStep | SetStep;

const Child: z.ZodType<Step> = z.lazy(() => Step);
const OnFailure = z
  .union([
    z.enum(['fail', 'skip']),
    object(says.onFailure, { value: z.json() }),
    object(says.onFailure, { step: Child }),
  ])
  .meta({ id: 'OnFailure', description: says.schemas.OnFailure });
const guarded = { onFailure: OnFailure.optional() };

const Step = z
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
    approvalFields.extend(described(says.approvalStep, guarded)).meta({ id: 'ApprovalStep' }),
    setFields.extend(described(says.setStep, guarded)).meta({ id: 'SetStep' }),
  ])
  .meta({ id: 'Step' });
export const stepTypes = ['agent', 'sequence', 'parallel', 'review', 'approval', 'set'] as const;

export const Plan = object(says.plan, {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'is not a plan name: a small letter, then up to 62 of a-z, 0-9 and -'),
  version: z.string().regex(semver, 'is not a version such as 1.0.0').default('0.0.0'),
  description: z.string().max(4000).optional(),
  input: JsonSchema.optional(),
  output: JsonSchema.optional(),
  agents: z.record(Name, Agent).default({}),
  limits: Limits.optional(),
  context: Context.optional(),
  alerts: object(says.alerts, { costUsd: z.number().positive().optional() }).optional(),
  flow: Step,
}).meta({ id: 'Plan', description: says.schemas.Plan });
export type Plan = z.infer<typeof Plan>;
