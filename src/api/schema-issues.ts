import { z } from 'zod';
import type { ProblemIssue } from '../contract/problems';
import { listOf, quote } from '../plan/check-shape';
import { pointerTo } from '../plan/json';

type Issue = z.core.$ZodIssue;

/**
 * Says what a schema found wrong: one issue for each thing and each unknown name, with its path. Of
 * a name that stands one level too high it says where it belongs.
 */
export function schemaIssues(error: z.ZodError, schema?: z.ZodType): ProblemIssue[] {
  const issues = error.issues.flatMap((issue) => issuesOf(issue, ''));
  return issues.map((issue) => {
    const home = issue.code === 'unknown_field' ? homeOf(issue.path.slice(1), schema) : undefined;
    if (home === undefined) return issue;
    return { ...issue, message: `${issue.message.slice(0, -1)}; it belongs under ${JSON.stringify(home)}.` };
  });
}

/** The field of the schema that has a field of this name. */
function homeOf(name: string, schema: z.ZodType | undefined): string | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined;
  const home = Object.entries<unknown>(schema.shape).find(([, field]) => {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    return inner instanceof z.ZodObject && Object.hasOwn(inner.shape, name);
  });
  return home?.[0];
}

function issuesOf(issue: Issue, parent: string): ProblemIssue[] {
  const path = pointerTo(parent, ...issue.path.map(String));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: pointerTo(path, key),
      code: 'unknown_field',
      message: `There is no ${JSON.stringify(key)} here.`,
    }));
  const meant = issue.code === 'invalid_union' && isUsual(issue) ? likeliest(issue.errors) : [];
  if (meant.length > 0) return meant.flatMap((inner) => issuesOf(inner, path));
  return [{ path, code: 'validation_failed', message: messageOf(issue) }];
}

/** The misfits of the form that was meant: of those for this type of value the one that was fitted furthest. */
function likeliest(forms: readonly Issue[][]): Issue[] {
  const depth = (issues: Issue[]): number => Math.max(...issues.map(({ path }) => path.length));
  const sameType = forms.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  return sameType.sort((a, b) => depth(b) - depth(a))[0] ?? [];
}

function messageOf(issue: Issue): string {
  if (issue.input === undefined) return 'Is missing.';
  if (issue.code === 'invalid_type' && isUsual(issue)) return `Must be ${named(issue.expected)}.`;
  if (issue.code === 'invalid_value')
    return `Is ${quote(issue.input)}; it may be ${listOf(issue.values.map(quote))}.`;
  return `${issue.message[0]?.toUpperCase() ?? ''}${issue.message.slice(1)}.`;
}

/** Whether the schema has no words of its own for what is wrong. */
function isUsual({ message }: Issue): boolean {
  return message.startsWith('Invalid input');
}

function named(expected: string): string {
  if (expected === 'record') return 'an object';
  if (expected === 'int') return 'a whole number';
  return `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`;
}
