import { z } from 'zod';
import { limits } from './limits';
import { Agent } from './plan/agent';
import { JsonSchema, Limits, Name, object } from './plan/basics';
import { planDescriptions as says } from './plan/descriptions';
import { Context } from './plan/step-fields';
import { Step } from './plan/steps';
import { Trigger } from './plan/triggers';

/**
 * The plan language, as a schema. The TypeScript types, the validation, the published JSON Schema
 * and the reference page come from here. What a plan means beyond its shape is in `src/plan/`.
 */

export type { Agent, Context, Limits, Trigger };
export type { Condition } from './plan/basics';
export type { Check } from './plan/checks';
export type * from './plan/steps';
export { stepTypes } from './plan/steps';

export const semver = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z.-]{1,60})?$/;

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
  alerts: object(says.alerts, { costUsd: z.number().min(limits.costUsdMin).optional() }).optional(),
  triggers: z.array(Trigger).min(1).max(limits.triggersMax).optional(),
  flow: Step,
}).meta({ id: 'Plan', description: says.schemas.Plan });
export type Plan = z.infer<typeof Plan>;
