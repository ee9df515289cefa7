import type { ProblemCode } from '../contract/problems';
import type { Json } from '../contract/value';
import { pointerTo } from './json';
import { isBroken } from './unicode';

type Frame =
  { type: 'object'; keys: Set<string>; key: string; atKey: boolean } | { type: 'array'; index: number };

/** Why a text can't be read as JSON, or not without changing it. The message is a sentence. */
export class JsonFault extends Error {
  readonly code: ProblemCode;
  /** Where it is, as a pointer, and what is said of that place. */
  readonly at: { path: string; message: string } | null;

  constructor(code: ProblemCode, message: string, at: JsonFault['at'] = null) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

const numberToken = /[-+.0-9eE]*/y;

/**
 * Reads JSON and refuses what `JSON.parse` would take and change: names given twice, names that can't
 * be kept (`__proto__`, NUL, half a character), numbers that lose digits. Nesting beyond `depthMax` is
 * refused before anything recursive sees it. Throws `JsonFault`.
 */
export function parseExactly(text: string, depthMax: number): Json {
  guard(text, depthMax);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const place = /position \d+|line \d+ column \d+|Unexpected end/.exec(String(error))?.[0];
    throw new JsonFault('malformed_json', `It is not valid JSON${place === undefined ? '' : ` (${place})`}.`);
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
    throw new JsonFault('malformed_json', 'It is not valid JSON: a name in it is broken.');
  }
  frame.key = key;
  frame.atKey = false;
  const path = pointer(stack);
  if (isBroken(key))
    throw new JsonFault('invalid_unicode', 'A name holds NUL or half a character.', {
      path,
      message: 'holds NUL or half a character',
    });
  if (frame.keys.has(key))
    throw new JsonFault('malformed_json', `The name ${JSON.stringify(key)} is given twice.`, {
      path,
      message: 'is given twice in one object',
    });
  if (key === '__proto__')
    throw new JsonFault('validation_failed', 'A name is not allowed.', {
      path,
      message: 'is not allowed as a name',
    });
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
  // What is no number at all is left to JSON.parse.
  if (!Number.isNaN(value) && !isKeptExactly(token, value))
    throw new JsonFault('validation_failed', 'A number is too large or too small to be kept exactly.', {
      path: pointer(stack),
      message: `${token.slice(0, 40)} can't be kept exactly`,
    });
  return start + Math.max(1, token.length);
}

/**
 * Whether a number is what was written, in JSON or YAML: a whole one to its last digit, others within
 * range, neither endless nor nothing.
 */
export function isKeptExactly(source: string, value: number): boolean {
  const isWhole = /^[-+]?(\d+|0o[0-7]+|0x[\da-f]+)$/i.test(source);
  if (isWhole) return Number.isSafeInteger(value);
  return Number.isFinite(value) && (value !== 0 || !/^[^e]*[1-9]/i.test(source));
}

function pointer(stack: Frame[]): string {
  return pointerTo('', ...stack.map((frame) => (frame.type === 'object' ? frame.key : frame.index)));
}

function tooDeep(depthMax: number, path: string): JsonFault {
  const top = path.split('/').slice(0, 8).join('/');
  const message = `is nested deeper than ${String(depthMax)} levels`;
  return new JsonFault('too_deep', `It ${message}.`, { path: top, message });
}
