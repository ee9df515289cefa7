import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CallRequest, type CallReply } from '../contract/gateway';
import { limits } from '../contract/limits';
import type { CallId } from '../ledger/calls';
import type { Calls } from './calls';
import { ProblemError } from './problem';

const Key = z.object({ key: z.string().min(1).max(limits.callKeyBytesMax) });
const OfRun = z.strictObject({ tenant: z.string().min(1), run: z.string().min(1) });
const Patience = z.object({
  wait: z
    .string()
    .regex(/^\d{1,6}(ms|s)$/, 'is not a time such as 20s or 500ms')
    .default('0s'),
});
const Waiting = OfRun.extend({ hash: z.string().regex(/^[0-9a-f]{64}$/), ...Patience.shape });

/** `PUT`, `GET` and `DELETE /calls/:key`, and `POST /cancel`. */
export function installCalls(
  instance: FastifyInstance,
  { calls, isDraining }: { calls: Calls; isDraining: () => boolean },
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  async function waited(id: CallId, wait: string, reply: FastifyReply): Promise<CallReply> {
    const gone = new AbortController();
    reply.raw.on('close', () => {
      gone.abort();
    });
    const state = await calls.wait(id, millisecondsOf(wait), gone.signal);
    if (state === null) throw new ProblemError('not_found', 'There is no such call.');
    if (state.state === 'abandoned')
      throw new ProblemError('call_abandoned', 'The gateway that had the call is gone. Put it again.');
    return { hash: id.hash, call: state };
  }

  const put = { schema: { params: Key, body: CallRequest, querystring: Patience } };
  app.put('/calls/:key', put, async (request, reply) => {
    if (isDraining()) throw new ProblemError('draining', 'This gateway takes no new calls.');
    const { key } = request.params;
    const { tenant, run } = request.body;
    const asked = await calls.put(key, request.body);
    if (!('state' in asked)) {
      const { wait } = request.query;
      if (asked.call.state !== 'pending' || millisecondsOf(wait) === 0) return asked;
      return waited({ tenant, run, key, hash: asked.hash }, wait, reply);
    }
    // Never an outcome: either the rendering isn't the same twice, or two calls share a key.
    request.log.error(
      { call: key, code: 'journal_mismatch', alarm: true },
      'a call was asked with another request',
    );
    throw new ProblemError('journal_mismatch', `Another request stands under the key ${key}.`);
  });

  app.get('/calls/:key', { schema: { params: Key, querystring: Waiting } }, (request, reply) => {
    const { wait, ...id } = request.query;
    return waited({ ...id, key: request.params.key }, wait, reply);
  });

  app.delete('/calls/:key', { schema: { params: Key, body: OfRun } }, async (request, reply) => {
    await calls.abandon({ ...request.body, key: request.params.key });
    return reply.code(204).send();
  });

  app.post('/cancel', { schema: { body: OfRun } }, (request) => ({
    cancelled: calls.cancel(request.body.tenant, request.body.run),
  }));
}

function millisecondsOf(wait: string): number {
  const given = wait.endsWith('ms') ? Number(wait.slice(0, -2)) : Number(wait.slice(0, -1)) * 1000;
  return Math.min(given, limits.callWaitSecondsMax * 1000);
}
