import { context } from '@opentelemetry/api';
import { LRUCache } from 'lru-cache';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogModel } from '../catalog/catalog';
import type { CallReply, CallRequest, CallState } from '../contract/gateway';
import { limits } from '../contract/limits';
import { abandonCall, claimCall, readCall, registerCall, type CallId, type CallRow } from '../ledger/calls';
import { contentHash } from '../ledger/contents';
import { reclaimLost } from '../ledger/reservations';
import { isOpen, stateOf } from './call-state';
import type { Desk } from './desk';
import { fly, type Flight } from './flight';
import { keepLeases } from './leases';
import { hashRequest } from './request-hash';
import type { ChosenVendor } from './vendors/select';

/** A call's key was used for another request within the same Temporal run: a bug of whoever asks. */
export type Mismatch = { state: 'mismatch' };
/** Nobody has the call, and here is nobody who could: it is to be put again. */
export type Abandoned = { state: 'abandoned' };

/** The calls of one gateway. */
export interface Calls {
  /** Registers the call or joins it; answers how it stands at once. */
  put(key: string, request: CallRequest): Promise<CallReply | Mismatch>;
  /** Waits until the call is not pending, `ms` have passed or nobody listens. Null: no such call. */
  wait(id: CallId, ms: number, signal: AbortSignal): Promise<CallState | Abandoned | null>;
  /** Ends all that is under way here for a run. Answers how many that was. */
  cancel(tenant: string, run: string): number;
  /** Ends what is under way under one key, wherever that is. */
  abandon(call: Omit<CallId, 'hash'>): Promise<void>;
  /** Gives back what is not reserved, waits for the rest, and stops. Answers how many it waited for. */
  drain(): Promise<number>;
}

type Asked = { model: CatalogModel; choice: ChosenVendor } | { refusal: CallState };

/** One for a gateway. */
export function createCalls(desk: Desk): Calls {
  const { database, owner } = desk;
  const flights = new Map<string, Flight>();
  const openings = new Map<string, Promise<CallState | Mismatch>>();
  /** What was asked of calls that another gateway has, in case it dies with them. */
  const elsewhere = new LRUCache<string, CallRequest>({ max: 1000 });
  const leases = keepLeases(desk, flights);

  async function put(key: string, request: CallRequest): Promise<CallReply | Mismatch> {
    const hash = hashRequest(request);
    const id: CallId = { tenant: request.tenant, run: request.run, key, hash };
    const state = await open(id, request);
    return state.state === 'mismatch' ? state : { hash, call: state };
  }

  // One at a time for each call, so that this gateway never starts it twice.
  function open(id: CallId, request: CallRequest): Promise<CallState | Mismatch> {
    const name = nameOf(id);
    const flight = flights.get(name);
    if (flight !== undefined) return Promise.resolve({ state: 'pending', phase: flight.phase() });
    const opening = openings.get(name) ?? begin(id, request).finally(() => openings.delete(name));
    openings.set(name, opening);
    return opening;
  }

  async function begin(id: CallId, request: CallRequest): Promise<CallState | Mismatch> {
    const asked = ask(desk, request);
    if ('refusal' in asked) {
      const row = await readCall(database, id);
      return row?.state === 'done' ? stateOf(database, row) : asked.refusal;
    }
    const row = await register(desk, { id, request, ...asked });
    if (row === null) return { state: 'mismatch' };
    if (row.state === 'done') return stateOf(database, row);
    const isNew = row.owner === owner && row.state === 'registered' && row.fence === 1;
    const owned = isNew ? row : await claim(id, row);
    if (owned === null) {
      const now = await readCall(database, id);
      if (now !== null && isOpen(now)) elsewhere.set(nameOf(id), request);
      return stateOf(database, now ?? row);
    }
    start(id, fly(desk, { row: owned, request, parent: context.active(), ...asked }));
    return { state: 'pending', phase: 'registered' };
  }

  async function claim(id: CallId, row: CallRow): Promise<CallRow | null> {
    if (isOpen(row) && row.lease_expired) await reclaimLost(database, id.tenant, id.run);
    return claimCall(database, id, owner);
  }

  function start(id: CallId, flight: Flight): void {
    const name = nameOf(id);
    flights.set(name, flight);
    elsewhere.delete(name);
    flight.landed
      .catch((error: unknown) => {
        desk.log.error({ call: id.key, err: error }, 'a call could not be brought to its end');
      })
      .finally(() => flights.delete(name));
  }

  async function wait(id: CallId, ms: number, signal: AbortSignal): Promise<CallState | Abandoned | null> {
    const until = Date.now() + ms;
    for (;;) {
      const flight = flights.get(nameOf(id));
      if (flight !== undefined) return landing(flight, until - Date.now(), signal);
      const row = await readCall(database, id);
      if (row === null) return null;
      if (!isOpen(row)) return stateOf(database, row);
      if (row.lease_expired && !openings.has(nameOf(id))) {
        const request = elsewhere.get(nameOf(id));
        if (request === undefined) return { state: 'abandoned' };
        const state = await open(id, request);
        if (state.state === 'mismatch') return { state: 'abandoned' };
        if (state.state !== 'pending') return state;
        continue;
      }
      const leftMs = until - Date.now();
      if (leftMs <= 0 || signal.aborted) return stateOf(database, row);
      await sleep(Math.min(limits.callLookMilliseconds, leftMs));
    }
  }

  function cancel(tenant: string, run: string): number {
    const own = [...flights.values()].filter(({ call }) => call.tenant === tenant && call.run === run);
    for (const flight of own) flight.cancel();
    return own.length;
  }

  async function abandon(call: Omit<CallId, 'hash'>): Promise<void> {
    const own = [...flights.values()].filter(
      (flight) =>
        flight.call.tenant === call.tenant && flight.call.run === call.run && flight.call.key === call.key,
    );
    for (const flight of own) flight.cancel();
    if (own.length === 0) await abandonCall(database, call);
  }

  async function drain(): Promise<number> {
    await Promise.allSettled(openings.values());
    const inFlight = [...flights.values()];
    for (const flight of inFlight) flight.giveBack();
    await Promise.allSettled(inFlight.map((flight) => flight.landed));
    await leases.stop();
    return inFlight.length;
  }

  return { put, wait, cancel, abandon, drain };
}

/** Whether the call can be made at all, and by whom. */
function ask({ catalog, vendors }: Desk, { model: name, allowUnpriced }: CallRequest): Asked {
  const model = catalog.resolve(name);
  if (model === null) return { refusal: refused(`The catalog has no model ${JSON.stringify(name)}.`) };
  if (model.price === null && !allowUnpriced) {
    const message = `No price is known for the model ${model.id}, and the plan does not allow that.`;
    return { refusal: { state: 'unpriced', message } };
  }
  const choice = vendors.of(model);
  if (choice === null)
    return { refusal: refused(`No key is set for ${model.vendor}, the vendor of the model ${model.id}.`) };
  return { model, choice };
}

function refused(message: string): CallState {
  return { state: 'failed', fault: 'not_found', message, attempts: 0, retryInMs: null };
}

async function register(
  { database, owner }: Desk,
  { id, request, model, choice }: { id: CallId; request: CallRequest; model: CatalogModel; choice: ChosenVendor },
): Promise<CallRow | null> {
  const { temporalRun, path, agent } = request;
  const body = Buffer.from(JSON.stringify(request.request), 'utf8');
  return registerCall(database, {
    ...{ id, owner, temporalRun, path, agent },
    model: model.id,
    vendor: model.vendor,
    budgets: [...new Set(request.budgets)],
    request: { hash: await contentHash(database, id.tenant, body), body },
    cap: request.request.maxOutputTokens,
    simulated: choice.simulated,
  });
}

/** How the flight ended, or that it is still under way when the time is over. */
async function landing(flight: Flight, ms: number, signal: AbortSignal): Promise<CallState> {
  const over = new AbortController();
  const pending = (): CallState => ({ state: 'pending', phase: flight.phase() });
  try {
    return await Promise.race([
      flight.landed,
      sleep(Math.max(0, ms), undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(pending, pending),
    ]);
  } finally {
    over.abort();
  }
}

function nameOf({ tenant, run, key, hash }: CallId): string {
  return JSON.stringify([tenant, run, key, hash]);
}
