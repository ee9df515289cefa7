import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { SettingError } from '../config';
import { vendors } from './models';

// A price is kept as whole nano-USD a token, which three decimals a million tokens always give.
const UsdPerMillion = z.number().min(0).max(1_000_000).multipleOf(0.001, 'has more than three decimals');
const Tokens = z.int().positive().max(1_000_000_000);
const ModelName = z.string().min(1).max(200);

const PriceEntry = z.strictObject({
  vendor: z.enum(vendors).optional(),
  contextTokens: Tokens.optional(),
  outputTokensMax: Tokens.optional(),
  input: UsdPerMillion.optional(),
  output: UsdPerMillion.optional(),
  cacheRead: UsdPerMillion.optional(),
  cacheWrite: UsdPerMillion.optional(),
});
export type PriceEntry = z.infer<typeof PriceEntry>;

const Configuration = z.strictObject({
  /** Alias to id. */
  models: z.record(ModelName, ModelName).default({}),
  /** By model id: what the built-in list doesn't know, or knows otherwise. */
  prices: z.record(ModelName, PriceEntry).default({}),
});

export interface Configuration extends z.infer<typeof Configuration> {
  /** Says which file a price came from, to the byte; null where there is none. */
  version: string | null;
}

/** A configuration file that makes no sense, said in one line that names file and place. */
export class ConfigurationError extends SettingError {}

const empty: Configuration = { models: {}, prices: {}, version: null };

/** Reads the file if there is one. Throws `ConfigurationError`. */
export function readConfiguration(path: string): Configuration {
  if (!existsSync(path)) return empty;
  const refuse = (what: string) => new ConfigurationError(`${path}: ${what}.`);
  let text: string;
  let given: unknown;
  try {
    text = readFileSync(path, 'utf8');
    given = parse(text, { uniqueKeys: true, version: '1.2', schema: 'core', maxAliasCount: 0 }) ?? {};
  } catch (error) {
    throw refuse(firstLine(error instanceof Error ? error.message : String(error)));
  }
  const parsed = Configuration.safeParse(given);
  if (!parsed.success) throw refuse(describe(parsed.error));
  return {
    ...parsed.data,
    version: `config-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`,
  };
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  return `${place === '' ? '' : `${place}: `}${firstLine(issue?.message ?? 'makes no sense')}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/[.:]$/, '') ?? text;
}
