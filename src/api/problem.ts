import { limits } from '../contract/limits';
import { problems, type Problem, type ProblemCode, type ProblemIssue } from '../contract/problems';

interface ProblemExtra {
  errors?: ProblemIssue[];
  headers?: { [name: string]: string };
  /** Members of this code alone, such as the decision that won. */
  members?: { [name: string]: unknown };
}

/** A refusal on its way to the caller. `detail` is read by people and says nothing of the inside. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly errors: ProblemIssue[];
  readonly headers: { [name: string]: string };
  readonly members: { [name: string]: unknown };

  constructor(
    code: ProblemCode,
    detail: string,
    { errors = [], headers = {}, members = {} }: ProblemExtra = {},
  ) {
    super(detail);
    this.code = code;
    this.errors = errors;
    this.headers = headers;
    this.members = members;
  }
}

/** The body of a problem's answer. At most `limits.problemErrorsMax` errors are listed. */
export function problemBody(error: ProblemError, requestId: string): Problem {
  const { status, title, retryable } = problems[error.code];
  return {
    type: `/problems/${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    requestId,
    retryable,
    ...(error.errors.length > 0 ? { errors: error.errors.slice(0, limits.problemErrorsMax) } : {}),
    ...error.members,
  };
}

/** What makes a body unreadable, so that nothing else about it counts. */
const unreadable = [
  'payload_too_large',
  'malformed_json',
  'malformed_yaml',
  'too_deep',
  'invalid_unicode',
] as const;

/** Wrong input: the issues, all of them, under the code that fits them best. */
export function invalidInput(detail: string, errors: ProblemIssue[]): ProblemError {
  const all = (code: string): boolean => errors.every((issue) => issue.code === code);
  const code =
    unreadable.find((one) => errors.some((issue) => issue.code === one)) ??
    (['unknown_field', 'limit_exceeded'] as const).find(all) ??
    'validation_failed';
  return new ProblemError(code, detail, { errors });
}

/** The same for what never was and for what belongs to another tenant. */
export function notFound(what: string): ProblemError {
  return new ProblemError('not_found', `There is no ${what}.`);
}
