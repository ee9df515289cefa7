import { ulid } from 'ulid';
import { z } from 'zod';
import { SendSignal, SignalSent } from '../../contract/events-api';
import { limits } from '../../contract/limits';
import {
  countKept,
  eventIdOf,
  insertEvent,
  readFate,
  type ReceivedEvent,
} from '../../ledger/received-events';
import { readRun } from '../../ledger/run-reading';
import { runEnds } from '../../contract/workflow';
import { toValue } from '../../ledger/values';
import { deliver } from '../deliveries/deliver';
import { demandSmallEvent } from '../deliveries/event-size';
import { answerOnce } from '../idempotency';
import { principalOf } from '../plugins/authentication';
import { notFound, ProblemError } from '../problem';
import { demandCleanText } from '../read-json';
import type { App, Service } from '../service';

/** Events for the steps of one run. */
export function runSignalRoutes(app: App, service: Service): void {
  app.post(
    '/v1/runs/:id/signals',
    {
      config: { scopes: ['runs:write'], depthMax: limits.jsonDepthMax + 1 },
      schema: {
        summary: 'Send an event to a run',
        description: 'The first waiting step that it fits takes it; until there is one it is kept.',
        params: z.strictObject({ id: z.string() }),
        body: SendSignal,
        response: { 202: SignalSent },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant } = principalOf(request);
        const { id: run } = request.params;
        demandCleanText({ '/type': request.body.type });
        demandSmallEvent(request.body);
        await demandRoom(service, tenant, run);
        const event = await signalOf(service, { tenant, run }, request.body);
        await insertEvent(service.database, event);
        await deliver(service, event);
        const { woken } = await readFate(service.database, tenant, event.id);
        return { status: 202, body: { id: event.id, woken } };
      });
      return reply;
    },
  );
}

async function demandRoom({ database }: Service, tenant: string, run: string): Promise<void> {
  const row = await readRun(database, tenant, run);
  if (row === null) throw notFound(`run ${run}`);
  if ((runEnds as readonly string[]).includes(row.status))
    throw new ProblemError('run_already_closed', 'The run has ended already.');
  if ((await countKept(database, tenant, run)) < limits.eventsKeptMax) return;
  const most = String(limits.eventsKeptMax);
  throw new ProblemError('limit_exceeded', `The run keeps ${most} events that no step has waited for.`);
}

/** The signal as an event of its own. */
async function signalOf(
  { database }: Service,
  { tenant, run }: { tenant: string; run: string },
  { type, data }: SendSignal,
): Promise<ReceivedEvent> {
  const id = ulid();
  const source = `/runs/${run}/signals`;
  const event = { specversion: '1.0', id, source, type, time: new Date().toISOString(), data };
  const value = await toValue(database, tenant, run, event);
  return { tenant, id: eventIdOf(source, id), type, source, event: value, run, hops: 0 };
}
