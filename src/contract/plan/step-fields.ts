import { z } from 'zod';
import { limits } from '../limits';
import { Condition, Duration, identifier, JsonSchema, Limits, Name, object, Template } from './basics';
import { Checks } from './checks';
import { planDescriptions as says } from './descriptions';

const ContextMode = z.enum(['full', 'summary', 'workspace', 'none', 'auto']);
export const Context = z
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

/** What every step may say. */
export const frame = {
  id: z
    .string()
    .regex(identifier, 'is not an id: a small letter, then up to 62 of a-z, 0-9, _ and -')
    .optional(),
  when: Condition.optional(),
  timeout: Duration.optional(),
  limits: Limits.optional(),
  isolate: z.boolean().optional(),
};

// A step's own fields come first, without the steps inside it: TypeScript can't infer a type from a
// schema that names itself, so the recursive members stand in the interfaces below, once.
export const agentFields = object(says.agentStep, {
  type: z.literal('agent'),
  ...frame,
  agent: Name,
  prompt: Template,
  context: Context.optional(),
  risk: z
    .union([
      z.enum(['low', 'medium', 'high']),
      Template.regex(/\{[{%]/, 'is neither low, medium or high nor a template'),
    ])
    .optional(),
});
export const sequenceFields = object(says.sequenceStep, { type: z.literal('sequence'), ...frame });
export const parallelFields = object(says.parallelStep, {
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
export const reviewFields = object(says.reviewStep, {
  type: z.literal('review'),
  ...frame,
  reviewer: Name,
  prompt: Template.optional(),
  context: Context.optional(),
  criteria: z.union([Template, z.array(Template).min(1).max(50)]).optional(),
  of: Template.optional(),
  checks: Checks.optional(),
  maxRevisions: z.int().min(0).max(20).default(2),
  onExhausted: z.enum(['escalate', 'fail', 'flag']).default('escalate'),
});
export const approvalFields = object(says.approvalStep, {
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
  onReject: z.enum(['reject', 'skip', 'revise']).default('reject'),
  // Without a default here, which would change the digests of plans that are stored already.
  maxRevisions: z.int().min(1).max(20).optional(),
});
export const setFields = object(says.setStep, { type: z.literal('set'), ...frame, value: z.json() });
