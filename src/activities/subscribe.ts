import type { Subscribe, Subscribed } from '../contract/event-activities';
import type { Condition } from '../contract/plan';
import type { Json, Value } from '../contract/value';
import type { Database } from '../ledger/database';
import { eventsBefore, insertSubscription, takeFor, type Subscription } from '../ledger/subscriptions';
import { readEvent } from '../ledger/received-events';
import { fromValue, toValue } from '../ledger/values';
import { fits } from '../plan/fits';
import { at, readManifest } from './manifests';
import type { Ports } from './ports';
import { resolveNames } from './resolve';
import { takePlace, writeJournal } from './write-journal';

const pageSize = 100;

/**
 * Notes what a step waits for, and then looks at what has come before: whoever stores an event looks
 * for the steps that wait afterwards, so that one of the two finds the other.
 */
export async function subscribe(ports: Ports, request: Subscribe): Promise<Subscribed> {
  const { database } = ports;
  const { tenant, run } = request.run;
  const write = { tenant, run, journal: request.journal };
  await takePlace(ports, write);
  const condition =
    request.fits === null ? null : at(await readManifest(database, request.run), request.fits.at);
  const { path, workflowId, types } = request;
  const names = request.fits?.names ?? {};
  const one: Subscription = { tenant, run, path, workflowId, types, fits: condition, names };
  // Whoever sees the run wait can wake it.
  const before = await insertSubscription(database, one);
  await writeJournal(ports, write);
  if (before !== null) {
    const event = await readEvent(database, tenant, before);
    return { taken: { id: before, event: await heldBy(database, one, event) } };
  }
  return { taken: await takeEarlier(database, one) };
}

async function takeEarlier(database: Database, one: Subscription): Promise<Subscribed['taken']> {
  const { tenant, run, path } = one;
  const names = await resolveNames(database, tenant, one.names);
  for (let after = '0'; ;) {
    const page = await eventsBefore(database, one, { after, limit: pageSize });
    for (const { id, event } of page) {
      const json = await fromValue(database, tenant, event);
      // Validated as a condition when the plan was frozen.
      if (!fits(one.fits as Condition | null, { ...names, event: json })) continue;
      const woken = await takeFor(database, { tenant, event: id, told: true }, [{ run, path }]);
      if (woken.length > 0) return { id, event: await toValue(database, tenant, run, json) };
      // Another event was taken for it just now, and comes by itself; or this one was, for another step.
    }
    if (page.length < pageSize) return null;
    after = page.at(-1)?.position ?? after;
  }
}

/** The event as the run's own content. */
async function heldBy(database: Database, { tenant, run }: Subscription, event: Value): Promise<Value> {
  const json: Json = await fromValue(database, tenant, event);
  return toValue(database, tenant, run, json);
}
