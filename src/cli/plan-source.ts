import { existsSync, readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { PlanValidation } from '../contract/plans-api';
import type { Json } from '../contract/value';
import type { z } from 'zod';
import type { Client } from './client';
import { usageError } from './exit';
import { Refusal } from './refusal';

/** What `PLAN` means: the name of a stored plan, or a file that holds one. */
export type PlanSource =
  | { type: 'stored'; name: string }
  | { type: 'file'; file: string; text: string; plan: { [name: string]: Json } };

/** Reads `PLAN`. What looks like a path, or is one, is a file; anything else is a name. */
export function readPlan(argument: string): PlanSource {
  const isPath = /[/\\]|\.(ya?ml|json)$/i.test(argument) || existsSync(argument);
  if (!isPath) return { type: 'stored', name: argument };
  const text = readText(argument);
  return { type: 'file', file: argument, text, plan: parsePlan(argument, text) };
}

// Of other encodings nothing is made up, and what stands there stays, a byte order mark included.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a file. Throws a usage error that names it. */
export function readText(file: string): string {
  try {
    return utf8.decode(readFileSync(file));
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw usageError(`${file} is not in UTF-8.`);
    if (code === 'ENOENT') throw usageError(`There is no file ${file}.`);
    throw usageError(`${file} can't be read: ${code === 'EISDIR' ? 'it is a folder' : String(code)}.`);
  }
}

function parsePlan(file: string, text: string): { [name: string]: Json } {
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' });
  if (document.errors.length > 0) {
    const lines = document.errors.map(({ message, linePos }) => {
      const [start] = linePos ?? [];
      const place = start === undefined ? file : `${file}:${String(start.line)}:${String(start.col)}`;
      // The first line says what is wrong; what follows is a drawing of the place.
      return `${place}  ${message.split('\n')[0]?.replace(/ at line \d+, column \d+:$/, '') ?? ''}`;
    });
    throw usageError(`${file} is not valid YAML.`, lines);
  }
  const plan = document.toJS({ maxAliasCount: 100 }) as Json;
  if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) {
    throw usageError(`${file} is not a plan: it holds no fields such as \`name\` and \`flow\`.`);
  }
  return plan;
}

type Judgement = Pick<z.infer<typeof PlanValidation>, 'valid' | 'errors' | 'warnings'>;

/** What is wrong with a plan's text, by the service's judgement. A text that can't be read is not valid. */
export async function judgePlan(client: Client, text: string): Promise<Judgement> {
  try {
    return (await client.postPlan<Judgement>('/v1/plans/validate', text)).body;
  } catch (error) {
    if (!(error instanceof Refusal) || error.problem.errors === undefined) throw error;
    return { valid: false, errors: error.problem.errors, warnings: [] };
  }
}
