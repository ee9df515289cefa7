import { z } from 'zod';
import { DurationText } from '../duration';
import { limits } from '../limits';
import { planDescriptions as says } from './descriptions';

/** What every part of the plan language is made of. */

export const identifier = /^[a-z][a-z0-9_-]{0,62}$/;

interface Fields {
  [name: string]: z.ZodType;
}
type Sentences<Described> = { readonly [Name in keyof Described]: string };

/** The same fields, each with the sentence that says what it means. */
export function described<Described extends Fields>(
  says: Sentences<Described>,
  fields: Described,
): Described {
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    field.meta({ description: says[name] }),
  ]);
  // A description changes no type; only `fromEntries` forgets which field had which.
  return Object.fromEntries(entries) as Described;
}
export const object = <Described extends Fields>(says: Sentences<Described>, fields: Described) =>
  z.strictObject(described(says, fields));

export const Name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'is not a name: a letter, then up to 62 letters, digits, _ or -');
export const Duration = DurationText.meta({ id: 'Duration', description: says.schemas.Duration });
export const Template = z.string().max(limits.templateBytesMax);
/** A JSON Schema 2020-12, kept as it is written and compiled apart from the main thread. */
export const JsonSchema = z
  .union([z.boolean(), z.record(z.string(), z.json())])
  .meta({ id: 'JsonSchema', description: says.schemas.JsonSchema });

export type Condition = string | boolean | { all: Condition[] } | { any: Condition[] } | { not: Condition };
export const Condition: z.ZodType<Condition> = z
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

export const Limits = object(says.limits, {
  costUsd: z.number().min(limits.costUsdMin).max(100_000).optional(),
  tokens: z.int().positive().nullable().optional(),
  modelCalls: z.int().positive().nullable().optional(),
  timeout: Duration.nullable().optional(),
  vendorWait: Duration.optional(),
  depth: z.int().min(1).max(limits.depthMax).optional(),
  onExceeded: z.enum(['return_partial', 'fail']).optional(),
  allowUnpriced: z.boolean().optional(),
}).meta({ id: 'Limits', description: says.schemas.Limits });
export type Limits = z.infer<typeof Limits>;
