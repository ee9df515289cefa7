import type { core } from 'zod';
import { limits } from '../contract/limits';
import { Plan, stepTypes } from '../contract/plan';
import type { Json } from '../contract/value';
import { pointerTo, resolvePointer } from './json';
import { problem, type PlanProblem } from './problem';

type Shape = { plan: Plan; errors: [] } | { plan: null; errors: PlanProblem[] };

/** Whether a plan has the shape of the language; every misfit is named with where it stands. */
export function checkShape(json: Json): Shape {
  const parsed = Plan.safeParse(json);
  if (parsed.success) return { plan: parsed.data, errors: [] };
  return {
    plan: null,
    errors: parsed.error.issues
      .slice(0, limits.problemErrorsMax)
      .flatMap((issue) => problemsOf(issue, '', json)),
  };
}

type Issue = core.$ZodIssue;

function problemsOf(issue: Issue, parent: string, plan: Json): PlanProblem[] {
  const path = pointerTo(parent, ...issue.path.map((part) => (typeof part === 'symbol' ? '' : part)));
  const given = resolvePointer(plan, path);
  const wrong = (message: string): PlanProblem[] => [problem(path, 'validation_failed', message)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        problem(pointerTo(path, key), 'unknown_field', `${quote(key)} is not a field here.`),
      );
    case 'invalid_union':
      return unionProblems(issue, path, plan);
    case 'invalid_key':
      return wrong(`${quote(String(issue.path.at(-1)))} ${issue.issues[0]?.message ?? 'is not a name'}.`);
    case 'invalid_element':
      return issue.issues.flatMap((inner) => problemsOf(inner, path, plan));
    case 'invalid_type':
      if (given === undefined) return wrong('This is missing.');
      return wrong(
        issue.message.startsWith('is ')
          ? `${quote(given)} ${issue.message}.`
          : typeMessage(issue.expected, given, path),
      );
    case 'invalid_value':
      return wrong(`This is ${quote(given)}; it may be ${listOf(issue.values.map(quote))}.`);
    case 'invalid_format':
      return wrong(
        `${quote(given)} ${issue.message.startsWith('is ') ? issue.message : 'has another form than it must have'}.`,
      );
    case 'too_big':
      return wrong(
        `This is ${sizeOf(given)}; at most ${String(issue.maximum)}${unitOf(issue.origin)} are allowed.`,
      );
    case 'too_small':
      return wrong(
        `This is ${sizeOf(given)}; it must be ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${unitOf(issue.origin)}.`,
      );
    default:
      return wrong(`${issue.message}.`);
  }
}

/** The misfits of the member that was most likely meant, or one that names them all. */
function unionProblems(issue: core.$ZodIssueInvalidUnion, path: string, plan: Json): PlanProblem[] {
  const given = resolvePointer(plan, path);
  if (issue.discriminator !== undefined) {
    const found = given === undefined ? 'A step needs a type' : `${quote(given)} is not a type of step`;
    return [problem(path, 'validation_failed', `${found}; there are ${listOf([...stepTypes], 'and')}.`)];
  }
  if (given === undefined) return [problem(path, 'validation_failed', 'This is missing.')];
  const sameKind = issue.errors.filter(
    (errors) => !errors.some((each) => isAtTop(each) && isOtherKind(each)),
  );
  const sameFields = sameKind.filter(
    (errors) => !errors.some((each) => isAtTop(each) && each.code === 'unrecognized_keys'),
  );
  const near = sameFields.length > 0 ? sameFields : sameKind;
  const [meant] = near;
  if (meant !== undefined && near.length === 1)
    return meant.flatMap((inner) => problemsOf(inner, path, plan));
  const forms = new Set(issue.errors.flatMap((errors) => errors.filter(isAtTop).map(formOf)));
  return [problem(path, 'validation_failed', `This is ${kindOf(given)}; it may be ${listOf([...forms])}.`)];
}

function isAtTop(issue: Issue): boolean {
  return issue.path.length === 0;
}

function isOtherKind({ code }: Issue): boolean {
  return code === 'invalid_type' || code === 'invalid_value';
}

function formOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return articled(issue.expected);
  if (issue.code === 'invalid_value') return listOf(issue.values.map(quote));
  return issue.code === 'unrecognized_keys' ? 'an object with other fields' : issue.message;
}

function typeMessage(expected: string, given: Json, path: string): string {
  if (expected === 'string' && typeof given === 'number')
    return `This is the number ${String(given)}; put quotes around it${path === '/version' ? ', as in "1.0.0"' : ''}.`;
  return `This must be ${articled(expected)}, not ${kindOf(given)}.`;
}

function articled(type: string): string {
  const names = new Map([
    ['record', 'an object'],
    ['object', 'an object'],
    ['array', 'a list'],
    ['int', 'a whole number'],
    ['null', 'null'],
  ]);
  return names.get(type) ?? `a ${type}`;
}

function kindOf(json: Json | undefined): string {
  if (json === undefined) return 'missing';
  if (json === null) return 'null';
  return articled(Array.isArray(json) ? 'array' : typeof json);
}

function sizeOf(json: Json | undefined): string {
  if (typeof json === 'string') return `${String(json.length)} characters long`;
  if (Array.isArray(json)) return `${String(json.length)} entries long`;
  return quote(json);
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'record' ? ' entries' : '';
}

/** A value as a message shows it: as JSON, cut where it is long. */
export function quote(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77).toWellFormed()}…` : text;
}

export function listOf(words: string[], joint = 'or'): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1) ?? ''}`;
}
