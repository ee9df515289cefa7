import { z } from 'zod';
import { AnyJson } from './any-json';
import { ProblemIssue } from './problems';

/** What the API says of plans, models and its own health. */

const Time = z.iso.datetime();

export const PlanVersion = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    digest: z.string(),
    description: z.string().nullable(),
    storedBy: z.string(),
    createdAt: Time,
  })
  .meta({ id: 'PlanVersion' });
export type PlanVersion = z.infer<typeof PlanVersion>;

export const PlanSummary = z
  .strictObject({
    name: z.string(),
    live: z.string().nullable().meta({ description: 'The version that the bare name runs.' }),
    versions: z.array(PlanVersion).meta({ description: 'Newest first.' }),
  })
  .meta({ id: 'PlanSummary' });
export type PlanSummary = z.infer<typeof PlanSummary>;
export const PlanList = z.strictObject({
  items: z.array(
    z.strictObject({
      name: z.string(),
      live: z.string().nullable(),
      description: z.string().nullable(),
      versions: z.int(),
      updatedAt: Time,
    }),
  ),
  nextCursor: z.string().nullable(),
});

export const StoredPlan = z
  .strictObject({
    ...PlanVersion.shape,
    plan: AnyJson,
    source: z.string().meta({ description: 'The text as it was sent; of JSON, the same laid out anew.' }),
    warnings: z.array(ProblemIssue).optional(),
  })
  .meta({ id: 'StoredPlan' });
export type StoredPlan = z.infer<typeof StoredPlan>;

export const PlanValidation = z
  .strictObject({
    valid: z.boolean(),
    errors: z.array(ProblemIssue),
    warnings: z.array(ProblemIssue),
    graph: z.strictObject({
      nodes: z.array(
        z.strictObject({
          path: z.string(),
          type: z.string(),
          id: z.string().nullable(),
          agent: z.string().nullable(),
          parent: z.string().nullable(),
        }),
      ),
      edges: z.array(z.strictObject({ from: z.string(), to: z.string(), type: z.enum(['next', 'inside']) })),
    }),
  })
  .meta({ id: 'PlanValidation' });
export type PlanValidation = z.infer<typeof PlanValidation>;

const rates = {
  inputUsd: z.number(),
  outputUsd: z.number(),
  cacheReadUsd: z.number(),
  cacheWriteUsd: z.number(),
};
const Price = z
  .strictObject({
    version: z.string(),
    ...rates,
    long: z
      .strictObject({ overTokens: z.int(), ...rates })
      .nullable()
      .meta({ description: 'Of a call whose input is longer, every token of it.' }),
  })
  .meta({ id: 'Price', description: 'USD for a million tokens.' });

export const modelHealths = ['ok', 'failing', 'limited', 'down', 'unusable'] as const;
const ModelBreaker = z
  .strictObject({
    state: z.enum(['closed', 'open', 'probing']),
    failures: z.int().meta({ description: 'Calls in a row whose retries were spent.' }),
    lastFault: z.string().nullable(),
    probeAt: Time.nullable().meta({ description: 'When an open breaker lets the next call through.' }),
    notBefore: Time.nullable().meta({ description: 'What the vendor asked for by `retry-after`.' }),
  })
  .meta({ id: 'ModelBreaker', description: 'Of the model at its vendor, for all gateways.' });

export const Model = z
  .strictObject({
    name: z.string().meta({ description: 'As a plan may write it: an alias or an id.' }),
    id: z.string(),
    vendor: z.string(),
    contextTokens: z.int(),
    outputTokensMax: z.int(),
    price: Price.nullable(),
    usable: z.boolean(),
    simulated: z.boolean(),
    health: z.enum(modelHealths).meta({
      description:
        '`failing`: calls have failed, not yet enough to open the breaker; `limited`: its vendor asked to wait; `down`: the breaker is open; `unusable`: its vendor has no key.',
    }),
    breaker: ModelBreaker,
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;
export const ModelList = z.strictObject({ items: z.array(Model) });

export const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' });
export const partNames = ['temporal', 'database', 'gateway', 'worker'] as const;
export const PartHealth = z.strictObject({ ok: z.boolean(), detail: z.string() }).meta({ id: 'PartHealth' });
export const Readiness = z
  .strictObject({ status: z.literal('ready'), parts: z.record(z.enum(partNames), PartHealth) })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;
