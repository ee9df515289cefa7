import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../contract/plan';
import type { Json } from '../contract/value';
import { ConditionError, parseClause, type Clause, type Operand, type Operator } from './condition-syntax';
import { isObject, type JsonObject } from './json';
import { scopeOf, type NamedValues } from './template';

/** A condition as it was read: clauses where the plan has texts. */
export type ParsedCondition =
  boolean | { all: ParsedCondition[] } | { any: ParsedCondition[] } | { not: ParsedCondition } | Clause;

/** Reads every text of a condition. Throws `ConditionError`. */
export function parseCondition(condition: Condition): ParsedCondition {
  if (typeof condition === 'boolean') return condition;
  if (typeof condition === 'string') return parseClause(condition);
  if ('all' in condition) return { all: condition.all.map(parseCondition) };
  if ('any' in condition) return { any: condition.any.map(parseCondition) };
  return { not: parseCondition(condition.not) };
}

/** Whether a condition holds. What stands behind a decided `and` or `or` isn't looked at. Throws `ConditionError`. */
export function evaluateCondition(condition: Condition, names: NamedValues): boolean {
  const scope = scopeOf(names);
  function holds(parsed: ParsedCondition): boolean {
    if (typeof parsed === 'boolean') return parsed;
    if ('all' in parsed) return parsed.all.every(holds);
    if ('any' in parsed) return parsed.any.some(holds);
    if ('not' in parsed) return !holds(parsed.not);
    return clauseHolds(parsed, scope);
  }
  return holds(parseCondition(condition));
}

function clauseHolds(clause: Clause, scope: JsonObject): boolean {
  switch (clause.type) {
    case 'and':
      return clause.clauses.every((each) => clauseHolds(each, scope));
    case 'or':
      return clause.clauses.some((each) => clauseHolds(each, scope));
    case 'not':
      return !clauseHolds(clause.clause, scope);
    case 'comparison':
      return compare(clause.operator, valueOf(clause.left, scope), valueOf(clause.right, scope));
    case 'value': {
      const value = valueOf(clause.operand, scope);
      if (typeof value === 'boolean') return value;
      throw new ConditionError(`${nameOf(clause.operand)} is ${kindOf(value)}, not true or false.`);
    }
  }
}

function compare(operator: Operator, left: Json, right: Json): boolean {
  if (operator === '==') return isDeepStrictEqual(left, right);
  if (operator === '!=') return !isDeepStrictEqual(left, right);
  if (operator === 'contains') return contains(left, right);
  if (typeof left === 'number' && typeof right === 'number') return inOrder(operator, left - right);
  if (typeof left === 'string' && typeof right === 'string')
    return inOrder(operator, left < right ? -1 : Number(left > right));
  throw new ConditionError(
    `${operator} takes two numbers or two strings, not ${kindOf(left)} and ${kindOf(right)}.`,
  );
}

function inOrder(operator: '<' | '<=' | '>' | '>=', difference: number): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

function contains(whole: Json, part: Json): boolean {
  if (Array.isArray(whole)) return whole.some((item) => isDeepStrictEqual(item, part));
  if (typeof whole === 'string' && typeof part === 'string') return whole.includes(part);
  throw new ConditionError(
    `contains takes a list, or a string and a string, not ${kindOf(whole)} and ${kindOf(part)}.`,
  );
}

function valueOf(operand: Operand, scope: JsonObject): Json {
  if (operand.type === 'literal') return operand.value;
  let value: Json = scope;
  for (const segment of operand.segments) {
    const next = part(value, segment);
    if (next === undefined) throw new ConditionError(`${operand.text} is not known here.`);
    value = next;
  }
  return value;
}

/** As templates read: what null has is null, and lists and strings know `size`, lists `first` and `last`. */
function part(value: Json, segment: string | number): Json | undefined {
  if (value === null) return null;
  if (Array.isArray(value)) {
    if (segment === 'size') return value.length;
    if (segment === 'first') return value[0] ?? null;
    if (segment === 'last') return value.at(-1) ?? null;
    return typeof segment === 'number' ? value[segment] : undefined;
  }
  if (typeof value === 'string') return segment === 'size' ? value.length : undefined;
  if (isObject(value) && Object.hasOwn(value, segment)) return value[segment];
  return isObject(value) && segment === 'size' ? Object.keys(value).length : undefined;
}

function nameOf(operand: Operand): string {
  return operand.type === 'path' ? operand.text : JSON.stringify(operand.value);
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
