import type { TakeEvents, TakenEvent } from '../contract/event-activities';
import { closeReactor, noteDead, openReactor, takeBatch, takeEarlier } from '../ledger/reactors';
import { fromValue, toValue } from '../ledger/values';
import type { Ports } from './ports';
import { takePlace, writeJournal } from './write-journal';

/**
 * Takes the next events for a step that handles many. The first time it says in the ledger what the
 * step waits for, and takes what has come since the run began: whoever stores an event looks for the
 * steps that wait afterwards, so that one of the two finds the other.
 */
export async function takeEvents(ports: Ports, request: TakeEvents): Promise<{ events: TakenEvent[] }> {
  const { database } = ports;
  const { tenant, run } = request.run;
  const { path, workflowId, types, batch, room, dead, left } = request;
  const write = { tenant, run, journal: request.journal };
  const step = { tenant, run, path };
  if (batch === 1 && left === undefined) {
    await takePlace(ports, write);
    // Whoever sees the run wait can wake it.
    await openReactor(database, { ...step, workflowId, types });
  }
  await writeJournal(ports, write);
  if (dead.length > 0) await noteDead(database, step, dead);
  if (left !== undefined) {
    await closeReactor(database, step, left);
    return { events: [] };
  }
  if (batch === 1) await takeEarlier(database, { ...step, types });
  const events = [];
  for (const { event, ...rest } of await takeBatch(database, step, { batch, room }))
    events.push({
      ...rest,
      event: await toValue(database, tenant, run, await fromValue(database, tenant, event)),
    });
  return { events };
}
