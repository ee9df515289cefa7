import type { Check } from '../contract/plan';
import type { Json } from '../contract/value';
import { evaluateCondition } from '../plan/condition';
import { faultText, type Fault } from '../plan/fault';
import { validateJson } from '../plan/json-schema';
import { validateMarkdown } from '../plan/markdown';
import { asText, type NamedValues } from '../plan/template';

/**
 * What of a value fails its checks, one message each, in the order of the checks. What is checked is
 * the name `output`. Throws `SchemaError`, `ConditionError` and `TemplateError` where a check can't be run.
 */
export async function runChecks(checks: Check[], names: NamedValues): Promise<string[]> {
  const output = names['output'] ?? null;
  const text = asText(output);
  const messages: string[] = [];
  for (const check of checks) {
    const fault = await faultOf(check, { output, text, names });
    if (fault !== null) messages.push(check.message ?? fault);
  }
  return messages;
}

interface Checked {
  output: Json;
  /** The value itself where it is one, else as JSON. */
  text: string;
  names: NamedValues;
}

/** Why a check fails, in a sentence that says what to change; null where it passes. */
async function faultOf(check: Check, { output, text, names }: Checked): Promise<string | null> {
  const { schema, regex, minLength, maxLength, minWords, maxWords, contains, excludes, condition } = check;
  if (schema !== undefined) return schemaFault(schema, output);
  if (regex !== undefined) {
    const faults = await validateJson({ pattern: regex }, text);
    return faults.length === 0 ? null : `It must match ${regex}.`;
  }
  if (minLength !== undefined) return tooFew(charactersOf(text), minLength, 'characters');
  if (maxLength !== undefined) return tooMany(charactersOf(text), maxLength, 'characters');
  if (minWords !== undefined) return tooFew(wordsOf(text), minWords, 'words');
  if (maxWords !== undefined) return tooMany(wordsOf(text), maxWords, 'words');
  if (contains !== undefined) {
    const missing = [contains].flat().filter((part) => !text.includes(part));
    return missing.length === 0 ? null : `It must contain ${listed(missing)}.`;
  }
  if (excludes !== undefined) {
    const found = [excludes].flat().filter((part) => text.includes(part));
    return found.length === 0 ? null : `It must not contain ${listed(found)}.`;
  }
  if (condition !== undefined)
    return evaluateCondition(condition, names) ? null : `It must hold that ${JSON.stringify(condition)}.`;
  const faults = await validateMarkdown(text);
  return faults.length === 0 ? null : `Its Markdown must be well formed: ${said(faults)}.`;
}

async function schemaFault(schema: Json, output: Json): Promise<string | null> {
  const faults = await validateJson(schema, output);
  return faults.length === 0 ? null : `It must fit its schema: ${said(faults)}.`;
}

const faultsSaid = 10;

function said(faults: Fault[]): string {
  const first = faults.slice(0, faultsSaid).map(faultText);
  const more = faults.length - first.length;
  return [...first, ...(more > 0 ? [`${String(more)} more`] : [])].join('; ');
}

function tooFew(count: number, least: number, unit: string): string | null {
  return count >= least ? null : `It has ${String(count)} ${unit}; it must have at least ${String(least)}.`;
}

function tooMany(count: number, most: number, unit: string): string | null {
  return count <= most ? null : `It has ${String(count)} ${unit}; it may have at most ${String(most)}.`;
}

/** As readers count them: a character beyond the first plane is one, too. */
function charactersOf(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

function wordsOf(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

function listed(parts: string[]): string {
  return parts.map((part) => JSON.stringify(part)).join(', ');
}
