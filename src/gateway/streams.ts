import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { limits } from '../contract/limits';
import type { Deltas } from './deltas';

const OfRun = z.strictObject({ tenant: z.string().min(1), run: z.string().min(1) });

/** `GET /streams`: what the calls of a run say while they say it, as Server-Sent Events `call.delta`. */
export function installStreams(instance: FastifyInstance, deltas: Deltas): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const endings = new Set<() => void>();
  // Streams never end by themselves, and a server that closes waits for every answer.
  app.addHook('preClose', (done) => {
    for (const end of endings) end();
    done();
  });

  app.get('/streams', { schema: { querystring: OfRun }, config: { otel: false } }, (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write(': ready\n\n');
    const send = (text: string): void => {
      raw.write(text);
      // What a reader doesn't take stays in memory: one that is too far behind is cut off, and finds
      // the whole text in `call.finished`.
      if (raw.writableLength > limits.streamBufferBytesMax) raw.destroy();
    };
    const stop = deltas.subscribe(request.query.tenant, request.query.run, (delta) => {
      send(`event: call.delta\ndata: ${JSON.stringify(delta)}\n\n`);
    });
    const pings = setInterval(send, limits.pingSeconds * 1000, ': ping\n\n');
    const end = (): void => void raw.end();
    endings.add(end);
    raw.on('close', () => {
      clearInterval(pings);
      stop();
      endings.delete(end);
    });
  });
}
