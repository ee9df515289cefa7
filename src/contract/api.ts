import { z } from 'zod';
import { AnyJson } from './any-json';
import { decisionShapes, type Role } from './decisions';
import { DurationText } from './duration';
import { incompleteCodes } from './failures';
import { limits } from './limits';
import type { Json } from './value';
import { openStatuses, runEnds, stepStatuses } from './workflow';

/**
 * What the API takes and gives. Requests are checked against these schemas, answers are typed by
 * them, and the OpenAPI document is made from them. Money is USD, times are RFC 3339 in UTC. Those of
 * approvals stand in `approvals-api.ts`, of plans, models and health in `plans-api.ts`.
 */

const Time = z.iso.datetime();
/** USD, exact to 1e-9: sums are made in integers before they are divided. */
const Usd = z.number();

export const runStatuses = [...openStatuses, ...runEnds] as const;
export const RunStatus = z.enum(runStatuses).meta({ id: 'RunStatus' });

export const ApiUsage = z
  .strictObject({
    modelCalls: z.int().meta({ description: 'Requests sent to vendors, every attempt counted.' }),
    inputTokens: z.int(),
    outputTokens: z.int(),
    cachedTokens: z.int(),
    costUsd: Usd,
  })
  .meta({ id: 'Usage' });
export type ApiUsage = z.infer<typeof ApiUsage>;

const Measure = z
  .strictObject({
    limit: z.number().nullable().meta({ description: 'Null where the limit is lifted.' }),
    used: z.number(),
    reserved: z.number(),
    left: z.number().nullable(),
  })
  .meta({ id: 'BudgetMeasure' });
export type Measure = z.infer<typeof Measure>;
export const Budget = z
  .strictObject({ costUsd: Measure, tokens: Measure, modelCalls: Measure, seconds: Measure })
  .meta({ id: 'Budget' });
export type Budget = z.infer<typeof Budget>;

export const RunError = z
  .strictObject({ code: z.string(), message: z.string(), step: z.string(), retryable: z.boolean() })
  .meta({ id: 'RunError' });

export const RunDecision = z
  .strictObject({
    step: z.string(),
    kind: z.enum([...(Object.keys(decisionShapes) as Role[]), 'approval', 'escalation', 'question']),
    agent: z.string().nullable(),
    by: z.string().nullable(),
    at: Time,
    stateVersion: z.int(),
    decision: AnyJson,
  })
  .meta({ id: 'RunDecision' });
export type RunDecision = z.infer<typeof RunDecision>;

export const RunResult = z
  .strictObject({
    output: AnyJson,
    incomplete: z.array(
      z.strictObject({ step: z.string(), code: z.enum(incompleteCodes), reason: z.string() }),
    ),
    decisions: z.array(RunDecision),
    error: RunError.nullable(),
  })
  .meta({ id: 'RunResult' });

const Labels = z.record(z.string(), z.string());

export const Run = z
  .strictObject({
    id: z.string(),
    plan: z.strictObject({ name: z.string(), version: z.string(), digest: z.string() }),
    status: RunStatus,
    statusReason: z.string().nullable(),
    input: AnyJson,
    labels: Labels,
    priority: z.int(),
    simulated: z.boolean(),
    createdAt: Time,
    startedAt: Time.nullable(),
    finishedAt: Time.nullable(),
    result: RunResult.nullable(),
    usage: ApiUsage,
    budget: Budget,
    current: z.array(z.string()).meta({ description: 'Paths of the steps that work or wait now.' }),
    approvals: z.array(z.string()).meta({ description: 'Ids of the approvals that are pending.' }),
    stateVersion: z.int(),
    links: z.strictObject({ self: z.string(), events: z.string(), temporal: z.string().nullable() }),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;
export const RunListItem = Run.omit({ input: true, result: true }).meta({ id: 'RunListItem' });
export type RunListItem = z.infer<typeof RunListItem>;
export const RunList = z.strictObject({ items: z.array(RunListItem), nextCursor: z.string().nullable() });

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
// Name and value together must fit a search attribute of Temporal.
const labelName = z.string().min(1).max(63);
const labelValue = z.string().min(1).max(190);
export const StartRun = z
  .strictObject({
    plan: z
      .union(
        [
          z.string().min(1).max(200),
          z.custom<{ [name: string]: Json }>(isRecord).meta({ $ref: '#/components/schemas/PlanInput' }),
        ],
        { error: 'is neither the name of a plan nor a plan' },
      )
      .meta({ description: '`name`, `name@1.0.0`, `name@alias`, or a whole plan.' }),
    input: AnyJson.default(null),
    options: z
      .strictObject({
        labels: z
          .record(labelName, labelValue)
          .refine((labels) => Object.keys(labels).length <= limits.labelsMax, {
            error: `has more than ${limits.labelsMax} labels`,
          })
          .optional(),
        priority: z.int().min(1).max(5).optional().meta({ description: '1 is the most urgent; 3 is usual.' }),
        limits: z
          .strictObject({
            costUsd: z.number().min(limits.costUsdMin).optional(),
            tokens: z.int().positive().optional(),
            modelCalls: z.int().positive().optional(),
            timeout: DurationText.optional(),
          })
          .optional()
          .meta({ description: "Can only lower the plan's." }),
      })
      .optional(),
  })
  .meta({ id: 'StartRun' });
export type StartRun = z.infer<typeof StartRun>;

export interface Step {
  path: string;
  id: string | null;
  type: string;
  agent: string | null;
  status: (typeof stepStatuses)[number];
  attempts: number;
  model: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  usage: ApiUsage;
  output: Json;
  decision: Json;
  error: z.infer<typeof RunError> | null;
  children: Step[];
}
const stepFields = {
  path: z.string(),
  id: z.string().nullable(),
  type: z.string(),
  agent: z.string().nullable(),
  status: z.enum(stepStatuses),
  attempts: z.int().meta({ description: 'Requests to vendors, those of the steps inside it included.' }),
  model: z.string().nullable(),
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  usage: ApiUsage.meta({ description: 'With that of the steps inside it.' }),
  output: AnyJson,
  decision: AnyJson,
  error: RunError.nullable(),
  children: z.array(z.lazy((): z.ZodType<Step> => Step)),
};
export const Step: z.ZodType<Step> = z.strictObject(stepFields).meta({ id: 'RunStep' });
export const StepList = z.strictObject({ items: z.array(Step) });

export const Call = z
  .strictObject({
    n: z.int(),
    kind: z.literal('model'),
    agent: z.string(),
    model: z.string(),
    selected: z.int().nullable().meta({
      description: "Which entry of the agent's `select` chose the model, from 1; null where none did.",
    }),
    status: z.enum(['pending', 'done', 'failed', 'over_budget', 'cancelled']),
    simulated: z.boolean(),
    prompt: z
      .strictObject({
        system: z.string(),
        messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), text: z.string() })),
      })
      .nullable(),
    answer: z.string().nullable(),
    stopReason: z.string().nullable(),
    usage: ApiUsage,
    attempts: z.array(
      z.strictObject({
        at: Time,
        ms: z.number().nullable().meta({ description: 'Null where nobody was left to measure it.' }),
        error: z.string().nullable(),
        requestId: z.string().nullable(),
      }),
    ),
    cache: z.enum(['none', 'tenant']).meta({
      description: 'Where the answer is from: `tenant`, an earlier identical call; it cost nothing then.',
    }),
    capLowered: z.int().nullable(),
    ambiguous: z.int().meta({ description: 'How often it may have been paid for and lost.' }),
  })
  .meta({ id: 'Call' });
export type Call = z.infer<typeof Call>;
export const StepDetail = z.strictObject({ ...stepFields, calls: z.array(Call) }).meta({ id: 'StepDetail' });
export type StepDetail = z.infer<typeof StepDetail>;

/** The `data` of one Server-Sent Event. `seq` is null for `call.delta`, which is not stored. */
export const RunEvent = z
  .strictObject({
    seq: z.int().nullable(),
    type: z.string(),
    at: Time,
    runId: z.string(),
    step: z.string().nullable(),
    data: AnyJson,
  })
  .meta({ id: 'RunEvent' });
export type RunEvent = z.infer<typeof RunEvent>;

export const CancelRun = z
  .strictObject({ reason: z.string().max(2000).optional() })
  .meta({ id: 'CancelRun' });
