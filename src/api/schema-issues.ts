import type { z } from 'zod';
import type { ProblemIssue } from '../contract/problems';
import { pointerTo } from '../plan/json';

/** Says what a schema found wrong: one issue for each thing and each unknown name, with its path. */
export function schemaIssues(error: z.ZodError): ProblemIssue[] {
  return error.issues.flatMap((issue) => {
    const path = pointer(issue.path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        path: pointerTo(path, key),
        code: 'unknown_field',
        message: `There is no ${JSON.stringify(key)} here.`,
      }));
    return [{ path, code: 'validation_failed', message: messageOf(issue) }];
  });
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.input === undefined) return 'Is missing.';
  if (issue.code === 'invalid_type') return `Must be ${named(issue.expected)}.`;
  return `${issue.message[0]?.toUpperCase() ?? ''}${issue.message.slice(1)}.`;
}

function named(expected: string): string {
  if (expected === 'record') return 'an object';
  if (expected === 'int') return 'a whole number';
  return `${/^[aeiou]/.test(expected) ? 'an' : 'a'} ${expected}`;
}

function pointer(path: readonly PropertyKey[]): string {
  return pointerTo('', ...path.map(String));
}
