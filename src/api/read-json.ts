import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { pointerTo } from '../plan/json';
import { isBroken } from '../plan/unicode';
import { invalidInput, ProblemError } from './problem';

type Frame =
  { type: 'object'; keys: Set<string>; key: string; atKey: boolean } | { type: 'array'; index: number };

const utf8 = new TextDecoder('utf-8', { fatal: true });
const numberToken = /[-+.0-9eE]*/y;

/**
 * Reads JSON from a request and refuses what `JSON.parse` would take and change: names given twice,
 * names that can't be kept (`__proto__`, NUL, half a character), numbers that lose digits. Nesting
 * beyond `depthMax` is refused before anything recursive sees it.
 */
export function readJson(body: Buffer, depthMax: number = limits.jsonDepthMax): Json {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new ProblemError('malformed_json', 'The body is not UTF-8.');
  }
  guard(text, depthMax);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const place = /position \d+|line \d+ column \d+|Unexpected end/.exec(String(error))?.[0];
    throw new ProblemError(
      'malformed_json',
      `The body is not valid JSON${place === undefined ? '' : ` (${place})`}.`,
    );
  }
}

// One pass without recursion. It doesn't check the grammar, which JSON.parse does right after: in
// broken JSON it may stop early or see names that are none, and either way the answer is a 400.
function guard(text: string, depthMax: number): void {
  const stack: Frame[] = [];
  for (let at = 0; at < text.length; at++) {
    const frame = stack.at(-1);
    switch (text[at]) {
      case '{':
      case '[':
        if (stack.length >= depthMax) throw tooDeep(depthMax, pointer(stack));
        stack.push(
          text[at] === '{'
            ? { type: 'object', keys: new Set(), key: '', atKey: true }
            : { type: 'array', index: 0 },
        );
        break;
      case '}':
      case ']':
        stack.pop();
        break;
      case ',':
        if (frame?.type === 'object') frame.atKey = true;
        else if (frame !== undefined) frame.index++;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (frame?.type === 'object' && frame.atKey) takeKey(text.slice(at, end + 1), frame, stack);
        at = end;
        break;
      }
      default:
        if (isNumberStart(text, at)) at = takeNumber(text, at, stack) - 1;
    }
  }
}

/** Where the string that opens at `start` closes; the end of the text if it doesn't. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function takeKey(quoted: string, frame: Extract<Frame, { type: 'object' }>, stack: Frame[]): void {
  let key: string;
  try {
    key = JSON.parse(quoted) as string;
  } catch {
    throw new ProblemError('malformed_json', 'The body is not valid JSON: a name in it is broken.');
  }
  frame.key = key;
  frame.atKey = false;
  const path = pointer(stack);
  if (isBroken(key)) throw invalidUnicode(path);
  if (frame.keys.has(key))
    throw new ProblemError('malformed_json', `The name ${JSON.stringify(key)} is given twice.`, {
      errors: [{ path, code: 'malformed_json', message: 'is given twice in one object' }],
    });
  if (key === '__proto__')
    throw invalidInput('A name is not allowed.', [
      { path, code: 'validation_failed', message: 'is not allowed as a name' },
    ]);
  frame.keys.add(key);
}

function isNumberStart(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 45 || (code >= 48 && code <= 57);
}

function takeNumber(text: string, start: number, stack: Frame[]): number {
  numberToken.lastIndex = start;
  const token = numberToken.exec(text)?.[0] ?? '';
  const value = Number(token);
  const loses = /^-?\d+$/.test(token) && !Number.isSafeInteger(value);
  if (loses || value === Infinity || value === -Infinity)
    throw invalidInput('A number is too large to be kept exactly.', [
      {
        path: pointer(stack),
        code: 'validation_failed',
        message: `${token.slice(0, 40)} can't be kept exactly`,
      },
    ]);
  return start + Math.max(1, token.length);
}

function pointer(stack: Frame[]): string {
  return pointerTo('', ...stack.map((frame) => (frame.type === 'object' ? frame.key : frame.index)));
}

function tooDeep(depthMax: number, path: string): ProblemError {
  const top = path.split('/').slice(0, 8).join('/');
  return new ProblemError('too_deep', `The body is nested deeper than ${depthMax} levels.`, {
    errors: [{ path: top, code: 'too_deep', message: `is nested deeper than ${depthMax} levels` }],
  });
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
