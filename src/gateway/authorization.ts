import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from './problem';

/** Where anybody may knock: it says nothing but that somebody is in. */
const open = new Set(['/healthz']);

/** Refuses every request without the internal token, on paths that don't exist as well. */
export function installAuthorization(app: FastifyInstance, internalKey: string): void {
  const expected = digest(`Bearer ${internalKey}`);
  app.addHook('onRequest', (request, _reply, done) => {
    const isOpen = open.has(request.routeOptions.url ?? '');
    const given = digest(request.headers.authorization ?? '');
    if (isOpen || timingSafeEqual(given, expected)) done();
    else done(new ProblemError('unauthenticated', 'The internal token is missing or wrong.'));
  });
}

// Digests have one length, so that the comparison takes the same time whatever was given.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
