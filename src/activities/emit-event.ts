import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { EmitEvent } from '../contract/event-activities';
import { FailureType } from '../contract/failures';
import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { causedBy, eventIdOf, insertEmitted } from '../ledger/received-events';
import { fromValue, toValue } from '../ledger/values';
import type { Ports } from './ports';
import { writeJournal } from './write-journal';

/** Stores an event that a step publishes; whoever looks for stored events delivers it. */
export async function emitEvent(ports: Ports, request: EmitEvent): Promise<{ id: string }> {
  const { database } = ports;
  const { tenant, run } = request.run;
  await writeJournal(ports, { tenant, run, journal: request.journal });
  const hops = 1 + Math.max(request.hops ?? 0, await causedBy(database, tenant, run));
  const data = request.data === null ? {} : { data: await fromValue(database, tenant, request.data) };
  const id = idOf(run, request.path);
  const { source, event: type } = request;
  const event: Json = {
    ...{ specversion: '1.0', id, source, type, subject: run, time: new Date().toISOString(), hops },
    ...('data' in data ? { datacontenttype: 'application/json', ...data } : {}),
  };
  demandSmall(event, request.path);
  const key = eventIdOf(source, id);
  const value = await toValue(database, tenant, `event ${key}`, event);
  await insertEmitted(database, { tenant, id: key, type, source, event: value, run: null, hops });
  return { id };
}

/** The same for the same step, and short enough to be taken in again. */
function idOf(run: string, path: string): string {
  const id = `${run}/${path}`;
  return id.length <= limits.eventNameCharactersMax
    ? id
    : `${run}/${createHash('sha256').update(path).digest('hex')}`;
}

function demandSmall(event: Json, path: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= limits.eventBytesMax) return;
  const message = `The event of ${path} has ${String(bytes)} bytes; ${String(limits.eventBytesMax)} are allowed.`;
  throw ApplicationFailure.nonRetryable(message, FailureType.limitExceeded);
}
