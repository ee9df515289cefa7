import { z } from 'zod';

/** Every code that a problem may carry, with the status it stands under and whether trying again may help. */
export const problems = {
  malformed_json: { status: 400, title: 'The body is not valid JSON', retryable: false },
  malformed_yaml: { status: 400, title: 'The body is not valid YAML', retryable: false },
  malformed_request: { status: 400, title: 'The request is malformed', retryable: false },
  invalid_header: { status: 400, title: 'A header is not valid', retryable: false },
  invalid_unicode: { status: 400, title: 'A name holds NUL or half a character', retryable: false },
  too_deep: { status: 400, title: 'The body is nested too deeply', retryable: false },
  unauthenticated: { status: 401, title: 'A valid key is needed', retryable: false },
  token_expired: { status: 401, title: 'The key has expired', retryable: false },
  insufficient_scope: { status: 403, title: 'The key lacks a scope', retryable: false },
  not_found: { status: 404, title: 'Not found', retryable: false },
  method_not_allowed: { status: 405, title: 'The path does not take this method', retryable: false },
  request_timeout: { status: 408, title: 'The request took too long to arrive', retryable: true },
  run_already_closed: { status: 409, title: 'The run has already ended', retryable: false },
  approval_already_decided: { status: 409, title: 'The approval is already decided', retryable: false },
  action_changed: { status: 409, title: 'What was approved is not what is asked now', retryable: false },
  idempotency_in_progress: { status: 409, title: 'The same request is under way', retryable: true },
  version_conflict: { status: 409, title: 'This version is stored with other content', retryable: false },
  schedule_of_plan: { status: 409, title: 'The schedule belongs to a plan', retryable: false },
  journal_mismatch: {
    status: 409,
    title: 'The call was asked before with another request',
    retryable: false,
  },
  call_abandoned: { status: 409, title: 'The gateway that had the call is gone', retryable: true },
  approval_expired: { status: 410, title: 'The approval has expired', retryable: false },
  event_cursor_expired: { status: 410, title: 'The event to go on from is unknown', retryable: false },
  payload_too_large: { status: 413, title: 'The body is too large', retryable: false },
  uri_too_long: { status: 414, title: 'The address is too long', retryable: false },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', retryable: false },
  validation_failed: { status: 422, title: 'The request is not valid', retryable: false },
  unknown_field: { status: 422, title: 'The request names something unknown', retryable: false },
  limit_exceeded: { status: 422, title: 'A limit is exceeded', retryable: false },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key was used for another request',
    retryable: false,
  },
  headers_too_large: { status: 431, title: 'The headers are too large', retryable: false },
  internal: { status: 500, title: 'Something went wrong on our side', retryable: true },
  temporal_unavailable: { status: 503, title: 'Temporal cannot be reached', retryable: true },
  database_unavailable: { status: 503, title: 'The database cannot be reached', retryable: true },
  not_ready: { status: 503, title: 'A part of the service is not ready', retryable: true },
  overloaded: { status: 503, title: 'Too much is asked at once', retryable: true },
  draining: { status: 503, title: 'The service is stopping', retryable: true },
} as const satisfies { [code: string]: { status: number; title: string; retryable: boolean } };
export type ProblemCode = keyof typeof problems;

/** One thing that is wrong with a request. `path` is a JSON Pointer into the body. */
export const ProblemIssue = z
  .strictObject({
    path: z.string(),
    code: z.string(),
    message: z.string(),
    line: z.int().optional(),
    column: z.int().optional(),
  })
  .meta({ id: 'ProblemIssue' });
export type ProblemIssue = z.infer<typeof ProblemIssue>;

/** RFC 9457, on every answer that is not 2xx. Some codes add members of their own. */
export const Problem = z
  .looseObject({
    type: z.string().meta({ description: '`/problems/` and the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable: what a program should look at.' }),
    requestId: z.string(),
    retryable: z.boolean(),
    errors: z.array(ProblemIssue).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
