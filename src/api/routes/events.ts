import { z } from 'zod';
import { EventAnswer, EventList } from '../../contract/events-api';
import { limits } from '../../contract/limits';
import { listEvents, reopenEvent, type ListedEvent } from '../../ledger/event-reading';
import {
  eventIdOf,
  eventStatuses,
  insertEvent,
  readFate,
  type ReceivedEvent,
} from '../../ledger/received-events';
import { fromValue, toValue } from '../../ledger/values';
import { readCloudEvent, RawBody, type CloudEvent } from '../deliveries/cloud-event';
import { deliver } from '../deliveries/deliver';
import { demandSmallEvent } from '../deliveries/event-size';
import { answerOnce } from '../idempotency';
import { oneOrMany } from '../one-or-many';
import { cursorOf, pageOf, pageQuery, readCursor } from '../page';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import type { App, Service } from '../service';

/** A larger count says no more. */
const hopsCounted = 1_000_000;

/** Events from outside. Its own plugin, because it takes bodies of every content type. */
export function eventRoutes(app: App, service: Service): void {
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body: Buffer, done) => {
    done(null, new RawBody(body));
  });
  receiving(app, service);
  reading(app, service);
  redelivering(app, service);
}

function receiving(app: App, service: Service): void {
  app.post(
    '/v1/events',
    {
      validatorCompiler: () => () => true,
      config: { scopes: ['runs:write'], depthMax: limits.jsonDepthMax + 1 },
      schema: {
        summary: 'Send an event',
        description:
          'A CloudEvent 1.0, structured or binary. It wakes the steps that wait for it and starts the plans that it triggers, once for its source and id.',
        consumes: ['application/cloudevents+json', 'application/json'],
        body: z.looseObject({}),
        response: { 202: EventAnswer },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const event = readCloudEvent(request.headers, request.body);
      demandSmallEvent(event);
      const stored = await eventOf(service, tenant, event);
      const isNew = await insertEvent(service.database, stored);
      if (isNew) await attempt(service, stored, request.log);
      void reply.code(202);
      return answerOf(service, tenant, { id: stored.id, duplicate: !isNew });
    },
  );
}

async function eventOf({ database }: Service, tenant: string, event: CloudEvent): Promise<ReceivedEvent> {
  const { source, type } = event;
  const id = eventIdOf(source, event.id);
  const value = await toValue(database, tenant, `event ${id}`, event);
  return { tenant, id, type, source, event: value, run: null, hops: hopsOf(event) };
}

/** An emitted event that comes back from outside keeps its count. */
function hopsOf({ hops }: CloudEvent): number {
  return typeof hops === 'number' && Number.isInteger(hops) && hops > 0 ? Math.min(hops, hopsCounted) : 0;
}

/** It is stored: what can't be done now is done later, by whoever looks for what is left. */
async function attempt(
  service: Service,
  event: ReceivedEvent,
  log: { warn(about: object, message: string): void },
): Promise<void> {
  try {
    await deliver(service, event);
  } catch (error) {
    log.warn({ err: error, event: event.id }, 'an event could not be delivered yet');
  }
}

async function answerOf(
  { database }: Service,
  tenant: string,
  { id, duplicate }: { id: string; duplicate: boolean },
): Promise<EventAnswer> {
  const { status, started, woken } = await readFate(database, tenant, id);
  return { id, duplicate, started, woken, deadLetter: status === 'dead' };
}

function reading(app: App, service: Service): void {
  const { database } = service;
  app.get(
    '/v1/events',
    {
      config: { scopes: ['runs:read'] },
      schema: {
        summary: 'List events, newest first',
        description:
          'With `status=dead`: those that nothing matched, that a run ended without using, or from which not all followed that should.',
        querystring: z.strictObject({ status: oneOrMany(z.enum(eventStatuses)).default([]), ...pageQuery }),
        response: { 200: EventList },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { status, limit, cursor } = request.query;
      const after = readCursor(cursor, 1)?.[0] ?? null;
      const rows = await listEvents(database, tenant, { status, after, limit: limit + 1 });
      const page = pageOf(rows, limit, { view: (row) => row, cursor: (row) => cursorOf(row.position) });
      const items = await Promise.all(page.items.map((row) => viewOf(service, tenant, row)));
      return { items, nextCursor: page.nextCursor };
    },
  );
}

async function viewOf({ database }: Service, tenant: string, row: ListedEvent) {
  const { id, status, reason, receivedAt, event } = row;
  const { started, woken } = await readFate(database, tenant, id);
  return {
    ...{ id, status, reason, receivedAt: receivedAt.toISOString(), started, woken },
    event: await fromValue(database, tenant, event),
  };
}

function redelivering(app: App, service: Service): void {
  app.post(
    '/v1/events/:id/redeliver',
    {
      config: { scopes: ['runs:write'] },
      schema: {
        summary: 'Deliver an event again',
        description: 'Does what did not follow from it before; nothing follows twice.',
        params: z.strictObject({ id: z.string() }),
        response: { 202: EventAnswer },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant } = principalOf(request);
        const { id } = request.params;
        const event = await reopenEvent(service.database, tenant, id);
        if (event === null) throw notFound(`event ${id}`);
        await attempt(service, event, request.log);
        return { status: 202, body: await answerOf(service, tenant, { id: event.id, duplicate: true }) };
      });
      return reply;
    },
  );
}
