import { WorkflowNotFoundError } from '@temporalio/client';
import type { Condition } from '../../contract/plan';
import { eventSignal, type EventMessage } from '../../contract/messages';
import { limits } from '../../contract/limits';
import type { Json } from '../../contract/value';
import type { Database } from '../../ledger/database';
import { markTold, settleEvent, type ReceivedEvent } from '../../ledger/received-events';
import {
  openSubscriptions,
  takeFor,
  type StoredEvent,
  type Subscription,
  type Woken,
} from '../../ledger/subscriptions';
import { fromValue, toValue } from '../../ledger/values';
import { fits } from '../../plan/fits';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';
import { startTriggered } from './start-triggered';

const signalMsMax = 5_000;
/** How often steps that another event was faster for are replaced by the next ones. */
const passesMax = 20;

/**
 * Does what follows from an event that is stored: takes it for the steps that wait for it, tells
 * their runs, and starts the plans that it triggers. Safe to repeat, and at the same time, for nothing follows twice.
 */
export async function deliver(service: Service, event: ReceivedEvent): Promise<void> {
  const { database } = service;
  if (event.hops > limits.hopsMax) {
    await settleEvent(database, event, 'too_many_hops');
    return;
  }
  const json = await fromValue(database, event.tenant, event.event);
  const woken = await wake(database, event, json);
  for (const step of woken) await tell(service, { tenant: event.tenant, ...step, event });
  const failure = await startTriggered(service, event, json);
  await settleEvent(database, event, failure);
}

async function wake(database: Database, event: ReceivedEvent, json: Json): Promise<Woken[]> {
  const woken: Woken[] = [];
  for (let pass = 0; pass < passesMax; pass++) {
    const fitting = await fittingSteps(database, event, json);
    const taken = await takeFor(database, { tenant: event.tenant, event: event.id, told: false }, fitting);
    woken.push(...taken);
    if (taken.length === fitting.length) break;
  }
  return woken;
}

/** Of each run the step that has waited longest of those that the event fits. */
async function fittingSteps(
  database: Database,
  event: ReceivedEvent,
  json: Json,
): Promise<{ run: string; path: string }[]> {
  const byRun = new Map<string, Subscription>();
  for (const step of await openSubscriptions(database, event)) {
    if (byRun.has(step.run)) continue;
    const names = Object.entries(step.names).map(
      async ([name, value]) => [name, await fromValue(database, step.tenant, value)] as const,
    );
    const known = Object.fromEntries(await Promise.all(names));
    // A condition of a plan that was validated.
    if (fits(step.fits as Condition | null, { ...known, event: json })) byRun.set(step.run, step);
  }
  return [...byRun.values()];
}

interface Telling extends Woken {
  tenant: string;
  event: StoredEvent;
}

/** Hands an event to the step that it was taken for. Where Temporal is away somebody tells it later. */
export async function tell(
  service: Service,
  { tenant, run, path, workflowId, reacts, event }: Telling,
): Promise<void> {
  const { database, temporal } = service;
  const message = reacts ? { wake: path } : await messageOf(service, { tenant, run, path, event });
  try {
    await temporal.within(signalMsMax, () =>
      temporal.client.workflow.getHandle(workflowId).signal(eventSignal, message),
    );
  } catch (error) {
    if (isTemporalAway(error)) return;
    // A run that has ended needs no telling.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  await markTold(database, { tenant, event: event.id, run });
}

async function messageOf(
  { database }: Service,
  { tenant, run, path, event: { id, type, event } }: Pick<Telling, 'tenant' | 'run' | 'path' | 'event'>,
): Promise<EventMessage> {
  // The event becomes the run's own content.
  const held = await toValue(database, tenant, run, await fromValue(database, tenant, event));
  return { id, type, event: held, step: path };
}
