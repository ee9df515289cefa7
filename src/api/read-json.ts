import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { JsonFault, parseExactly } from '../plan/exact-json';
import { isBroken } from '../plan/unicode';
import { ProblemError } from './problem';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads JSON from a request exactly as it is written; what can't be kept so is refused. */
export function readJson(body: Buffer, depthMax: number = limits.jsonDepthMax): Json {
  try {
    return parseExactly(decoded(body), depthMax);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { code, at } = error;
    const detail = error.message.replace(/^It is/, 'The body is');
    throw new ProblemError(code, detail, at === null ? {} : { errors: [{ ...at, code }] });
  }
}

function decoded(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new ProblemError('malformed_json', 'The body is not UTF-8.');
  }
}

/** The refusal of NUL and half characters in a name. */
export function invalidUnicode(path: string): ProblemError {
  return new ProblemError('invalid_unicode', 'A name holds NUL or half a character.', {
    errors: [{ path, code: 'invalid_unicode', message: 'holds NUL or half a character' }],
  });
}

/** Refuses NUL and half characters in the texts given, by their paths. */
export function demandCleanText(texts: { [path: string]: string | undefined }): void {
  for (const [path, text] of Object.entries(texts))
    if (text !== undefined && isBroken(text)) throw invalidUnicode(path);
}

/** How deep a document is nested; a plain value is 0. Looks no deeper than one level past `bound`. */
export function nesting(json: Json, bound: number): number {
  if (typeof json !== 'object' || json === null) return 0;
  if (bound < 0) return 1;
  let deepest = 0;
  for (const child of Object.values(json)) deepest = Math.max(deepest, nesting(child, bound - 1));
  return 1 + deepest;
}
