import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { problems, type Problem, type ProblemCode } from '../contract/problems';
import { isDatabaseAway } from '../ledger/database-away';

/** Thrown by a route to be answered as `application/problem+json`. */
export class ProblemError extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Answers whatever was thrown as a problem. What nobody planned is logged and tells nothing. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, detail } = problemOf(error);
  const { status, title, retryable } = problems[code];
  if (status >= 500 && code !== 'draining') request.log.error({ err: error }, 'request failed');
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  if (status === 503) void reply.header('retry-after', '1');
  const problem: Problem = {
    ...{ type: `/problems/${code}`, title, status, detail, code, retryable },
    requestId: request.id,
  };
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem));
}

function problemOf(error: unknown): { code: ProblemCode; detail: string } {
  if (error instanceof ProblemError) return { code: error.code, detail: error.message };
  if (isDatabaseAway(error)) return { code: 'database_unavailable', detail: 'The database does not answer.' };
  const { code, statusCode = 500, message, validation } = error as FastifyError;
  if (validation !== undefined) return { code: 'validation_failed', detail: message };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { code: 'payload_too_large', detail: message };
  if (statusCode < 500) return { code: 'malformed_request', detail: message };
  return { code: 'internal', detail: 'The request id finds it in the logs.' };
}
