import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../contract/value';
import {
  claim,
  keepAnswer,
  releaseClaim,
  sha256,
  type Claim,
  type IdempotencyId,
} from '../ledger/idempotency';
import { canonicalJson } from './canonical-json';
import { principalOf } from './plugins/authentication';
import { ProblemError } from './problem';
import type { Service } from './service';

/** What a POST answers when it went well. */
export interface Answer {
  status: number;
  body: unknown;
}

/** The request's idempotency key, if it has one, as the ledger knows it. */
export interface Keyed {
  id: IdempotencyId;
  requestHash: string;
}

/** Reads the header `Idempotency-Key`: 1 to 255 printable ASCII characters. */
export function keyOf(request: FastifyRequest): Keyed | null {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return null;
  if (typeof header !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(header))
    throw new ProblemError('invalid_header', 'Idempotency-Key must be 1 to 255 printable ASCII characters.');
  const { tenant, key } = principalOf(request);
  const route = `${request.method} ${request.url}`;
  return {
    id: { tenant, principal: key, route, keyHash: sha256(header) },
    requestHash: sha256(canonicalJson(request.body as Json | undefined)),
  };
}

/**
 * Does the work of a POST once for each idempotency key and gives its first answer to those who
 * repeat it. What was refused is not kept: it is judged anew.
 */
export async function answerOnce(
  { database }: Service,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  work: () => Promise<Answer>,
): Promise<void> {
  const keyed = keyOf(request);
  if (keyed === null) {
    sendAnswer(reply, await work());
    return;
  }
  const taken = await claim(database, keyed.id, keyed.requestHash);
  if (taken.type !== 'mine') {
    replay(reply, taken);
    return;
  }
  try {
    const answer = await work();
    await keepAnswer(database, keyed.id, { status: answer.status, body: JSON.stringify(answer.body) });
    sendAnswer(reply, answer);
  } catch (error) {
    await releaseClaim(database, keyed.id).catch(() => {
      request.log.warn('an idempotency key could not be released; it is free again after 10 s');
    });
    throw error;
  }
}

/** Sends an answer as JSON. */
export function sendAnswer(reply: FastifyReply, { status, body }: Answer): void {
  void reply.code(status).type('application/json').send(JSON.stringify(body));
}

/** Answers a request whose key somebody has. Throws the problems that this can be. */
export function replay(reply: FastifyReply, taken: Exclude<Claim, { type: 'mine' }>): void {
  switch (taken.type) {
    case 'answered':
      void reply
        .code(taken.status)
        .header('idempotent-replayed', 'true')
        .type('application/json')
        .send(taken.answer);
      return;
    case 'other_request':
      throw new ProblemError(
        'idempotency_key_reused',
        'This Idempotency-Key was used with another body. Take a new one for a new request.',
      );
    case 'in_progress':
      throw new ProblemError('idempotency_in_progress', 'The first request with this key is under way.', {
        headers: { 'retry-after': '2' },
      });
    default:
      taken satisfies never;
  }
}
