import { limits } from '../contract/limits';
import type { Json, Value } from '../contract/value';
import { bodyOf, getContents, putContent } from './contents';
import type { Database } from './database';

/** Turns a document into a value: inline up to `limits.inlineBytesMax`, else stored and referred to. */
export async function toValue(database: Database, tenant: string, run: string, json: Json): Promise<Value> {
  const text = JSON.stringify(json);
  const body = Buffer.from(text, 'utf8');
  if (body.length <= limits.inlineBytesMax) return { inline: json };
  const ref = await putContent(database, tenant, run, body);
  return { ref, bytes: body.length, tokens: estimateTokens(body.length), preview: preview(json) };
}

/** Reads a value back whole. */
export async function fromValue(database: Database, tenant: string, value: Value): Promise<Json> {
  const [json = null] = await fromValues(database, tenant, [value]);
  return json;
}

/** Reads values back whole, all that is stored of them with one statement. */
export async function fromValues(
  database: Database,
  tenant: string,
  values: readonly Value[],
): Promise<Json[]> {
  const found = await getContents(database, tenant, values.flatMap(referencesIn));
  return values.map((value) => resolved(value, found));
}

function referencesIn(value: Value): string[] {
  if ('inline' in value) return [];
  return 'parts' in value ? Object.values(value.parts).flatMap(referencesIn) : [value.ref];
}

function resolved(value: Value, found: ReadonlyMap<string, Buffer>): Json {
  if ('inline' in value) return value.inline;
  if ('parts' in value) {
    if (Array.isArray(value.parts)) return value.parts.map((part) => resolved(part, found));
    return Object.fromEntries(
      Object.entries(value.parts).map(([name, part]) => [name, resolved(part, found)]),
    );
  }
  let json = JSON.parse(bodyOf(found, value.ref).toString('utf8')) as Json;
  for (const step of value.pick ?? []) json = (json as { [name: string]: Json })[step as string] ?? null;
  return json;
}

/** Tokens of a text of so many bytes, by the rule of thumb of four bytes a token. For previews only, never for money. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}

function preview(json: Json): string {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  return text.slice(0, limits.previewCharactersMax).toWellFormed();
}
