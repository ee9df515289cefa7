import type { Json } from '../contract/value';

export type Operator = '==' | '!=' | '>=' | '<=' | '>' | '<' | 'contains';

export type Operand =
  | { type: 'literal'; value: Json }
  /** As written, and cut at its dots and brackets. */
  | { type: 'path'; text: string; segments: (string | number)[] };

export type Clause =
  | { type: 'value'; operand: Operand }
  | { type: 'comparison'; left: Operand; operator: Operator; right: Operand }
  | { type: 'not'; clause: Clause }
  | { type: 'and' | 'or'; clauses: Clause[] };

/** A condition that can't be read, or that doesn't come to true or false. */
export class ConditionError extends Error {
  readonly code = 'invalid_condition';
}

interface Token {
  type: 'word' | 'operator' | 'literal' | 'path';
  text: string;
  at: number;
  operand?: Operand;
}

const space = /\s+/y;
const operator = /==|!=|>=|<=|>|</y;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;
const string = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
const path = /[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"\\]*"\]|\['[^'\\]*'\])*/y;
const segment = /\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\]/g;
const constants: ReadonlyMap<string, Json> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
  ['nil', null],
]);

/** Reads a condition to its last character. Throws `ConditionError`. */
export function parseClause(text: string): Clause {
  const tokens = tokenize(text);
  let next = 0;

  function fail(expected: string): never {
    const token = tokens[next];
    const found = token === undefined ? 'ends' : `has ${token.text} at character ${String(token.at + 1)}`;
    throw new ConditionError(`The condition ${found} where ${expected} should stand.`);
  }

  function operand(): Operand {
    const found = tokens[next]?.operand ?? fail('a value');
    next++;
    return found;
  }

  function single(): Clause {
    let negations = 0;
    for (; tokens[next]?.text === 'not'; next++) negations++;
    const left = operand();
    const token = tokens[next];
    let clause: Clause = { type: 'value', operand: left };
    if (token?.type === 'operator') {
      next++;
      clause = { type: 'comparison', left, operator: token.text as Operator, right: operand() };
    }
    for (; negations > 0; negations--) clause = { type: 'not', clause };
    return clause;
  }

  const clauses = [single()];
  const join = tokens[next]?.text;
  while (tokens[next] !== undefined && (join === 'and' || join === 'or')) {
    if (tokens[next]?.text !== join)
      throw new ConditionError('The condition mixes and with or; write it as { all: […] } and { any: […] }.');
    next++;
    clauses.push(single());
  }
  if (next < tokens.length) fail('nothing more');
  const [only] = clauses;
  return clauses.length === 1 && only !== undefined ? only : { type: join === 'and' ? 'and' : 'or', clauses };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  for (;;) {
    take(space);
    const start = at;
    if (start >= text.length) return tokens;
    const sign = take(operator);
    const digits = sign === undefined ? take(number) : undefined;
    const quoted = (sign ?? digits) === undefined ? take(string) : undefined;
    const name = (sign ?? digits ?? quoted) === undefined ? take(path) : undefined;
    if (sign !== undefined) tokens.push({ type: 'operator', text: sign, at: start });
    else if (digits !== undefined) tokens.push(literal(digits, start, Number(digits)));
    else if (quoted !== undefined) tokens.push(literal(quoted, start, unquote(quoted)));
    else if (name !== undefined) tokens.push(word(name, start));
    else throw new ConditionError(unreadable(text, start));
  }
}

function literal(text: string, at: number, value: Json): Token {
  return { type: 'literal', text, at, operand: { type: 'literal', value } };
}

function word(text: string, at: number): Token {
  if (text === 'contains') return { type: 'operator', text, at };
  if (text === 'and' || text === 'or' || text === 'not') return { type: 'word', text, at };
  const constant = constants.get(text);
  if (constant !== undefined) return literal(text, at, constant);
  const segments = [...text.matchAll(segment)].map(([, name, index, double, singleQuoted]) =>
    index === undefined ? (name ?? double ?? singleQuoted ?? '') : Number(index),
  );
  return { type: 'path', text, at, operand: { type: 'path', text, segments } };
}

function unquote(quoted: string): string {
  const escapes = new Map([
    ['n', '\n'],
    ['t', '\t'],
  ]);
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => escapes.get(escaped) ?? escaped);
}

function unreadable(text: string, at: number): string {
  if (text.startsWith('{{', at)) return 'A condition names values without {{ and }} around them.';
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return `The condition has ${character} at character ${String(at + 1)}, which means nothing there.`;
}
