import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { RunEvent } from '../../contract/api';
import { limits } from '../../contract/limits';
import { lastEvent } from '../../ledger/events';
import type { EventFeed } from '../events/event-feed';
import { streamEvents } from '../events/event-stream';
import { principalOf, stillHolds } from '../plugins/authentication';
import { notFound, ProblemError } from '../problem';
import type { App, Service } from '../service';

/** What happens in a run, as it happens, as Server-Sent Events. */
export function runEventRoutes(app: App, { database }: Service, feed: EventFeed): void {
  const stopping = new AbortController();
  // One listener for each reader there is.
  setMaxListeners(0, stopping.signal);
  app.addHook('preClose', (done) => {
    stopping.abort();
    done();
  });

  app.get(
    '/v1/runs/:id/events',
    {
      config: { scopes: ['runs:read'] },
      exposeHeadRoute: false,
      schema: {
        summary: 'Follow a run',
        description:
          'Server-Sent Events, from the first one on, live, until the run has finished. `Last-Event-ID` goes on after an event.',
        params: z.strictObject({ id: z.string() }),
        response: { 200: { description: 'Events', content: { 'text/event-stream': { schema: RunEvent } } } },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const run = request.params.id;
      const known = await lastEvent(database, tenant, run);
      if (known === null) throw notFound(`run ${run}`);
      const after = cursorOf(request.headers['last-event-id'], known.seq);

      const response = reply.raw;
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) response.setHeader(name, value);
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        // Nothing follows on this connection, and a kept one would hold up a server that stops.
        connection: 'close',
      });
      response.flushHeaders();
      const over = new AbortController();
      const signal = AbortSignal.any([stopping.signal, over.signal]);
      const check = setInterval(() => {
        // A key that can't be looked up now is looked up again.
        stillHolds(database, request.headers.authorization).then(
          (holds) => {
            if (!holds) over.abort();
          },
          () => undefined,
        );
      }, limits.keyCheckSeconds * 1000);
      try {
        await streamEvents(
          feed,
          { tenant, run, after, last: known.seq, closed: known.closed },
          { response, signal },
        );
      } catch (error) {
        // The status is sent: a reader who is cut off comes again with what it has.
        request.log.warn({ err: error }, 'an event stream broke off');
      }
      clearInterval(check);
      response.end();
      return reply;
    },
  );
}

function cursorOf(header: string | string[] | undefined, last: number): number {
  if (header === undefined || header === '') return 0;
  const seq = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : Infinity;
  if (seq <= last) return seq;
  throw new ProblemError(
    'event_cursor_expired',
    'Last-Event-ID names no event of this run. Start without it.',
  );
}
