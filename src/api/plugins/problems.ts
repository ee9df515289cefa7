import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../../contract/limits';
import { problems, type ProblemCode } from '../../contract/problems';
import { isDatabaseAway } from '../../ledger/database-away';
import { notFound, problemBody, ProblemError } from '../problem';
import type { App } from '../service';
import { isTemporalAway } from '../temporal';

/** Answers everything that is not 2xx with a problem, unknown paths and methods included. */
export function installProblems(app: App): void {
  const known: { pattern: RegExp; method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(
      `^${url
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:\w+/g, '[^/]+')
        .replace('*', '.*')}$`,
    );
    for (const one of [method].flat()) known.push({ pattern, method: one });
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const allowed = known.filter((route) => route.pattern.test(path)).map((route) => route.method);
    if (allowed.length === 0) return sendProblem(notFound(`address ${path}`), request, reply);
    const allow = [...new Set(allowed)].sort().join(', ');
    const detail = `${path} takes ${allow}.`;
    return sendProblem(
      new ProblemError('method_not_allowed', detail, { headers: { allow } }),
      request,
      reply,
    );
  });
}

/** Turns whatever was thrown into its problem and sends that. What nobody planned is logged and a 500. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error);
  const { status } = problems[problem.code];
  if (status >= 500)
    request.log[status === 500 ? 'error' : 'warn']({ err: error, code: problem.code }, 'request failed');
  if (status === 503) void reply.header('retry-after', '2');
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .headers({ ...problem.headers, 'x-request-id': request.id })
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem, request.id)));
}

// Codes of Fastify itself, by what they mean to the caller.
const frameworkCodes: { [code: string]: { code: ProblemCode; detail: string } } = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send application/json, or application/yaml where plans are stored.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed_request',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'malformed_request', detail: 'The address is not a valid URL.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'uri_too_long', detail: 'A part of the address is too long.' },
};

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const { code, statusCode } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limit = limits.bodyBytesMax;
    return new ProblemError('payload_too_large', `The body may have ${String(limit)} bytes.`, {
      members: { limit },
    });
  }
  const framework = frameworkCodes[code ?? ''];
  if (framework !== undefined) return new ProblemError(framework.code, framework.detail);
  if (isDatabaseAway(error)) return new ProblemError('database_unavailable', 'The database does not answer.');
  if (isTemporalAway(error)) return new ProblemError('temporal_unavailable', 'Temporal does not answer.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ProblemError('malformed_request', 'The request is malformed.');
  return new ProblemError('internal', 'This is our fault. The request id finds it in the logs.');
}
