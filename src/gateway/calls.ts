import { LRUCache } from 'lru-cache';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallReply, CallRequest, CallState } from '../contract/gateway';
import { limits } from '../contract/limits';
import { abandonCall, readCall, type CallId } from '../ledger/calls';
import { isOpen, stateOf } from './call-state';
import type { Desk } from './desk';
import type { Flight } from './flight';
import { createFlights, nameOf } from './flights';
import { keepLeases } from './leases';
import { openCall, type Mismatch } from './opening';
import { hashRequest } from './request-hash';

/** Nobody has the call, and here is nobody who knows what it asks: it is to be put again. */
export interface Abandoned {
  state: 'abandoned';
}

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
  /** How many calls are under way here. */
  inFlight(): number;
  /** Gives back what is not reserved, waits for the rest, and stops. Answers how many it waited for. */
  drain(): Promise<number>;
}

/** One for a gateway. */
export function createCalls(desk: Desk): Calls {
  const { database } = desk;
  const flights = createFlights(desk);
  const openings = new Map<string, Promise<CallState | Mismatch>>();
  /** What was asked of calls that another gateway has, in case it dies with them. */
  const elsewhere = new LRUCache<string, CallRequest>({ max: 1000 });
  const leases = keepLeases(desk, flights);

  // One at a time for each call, so that this gateway never starts it twice.
  function open(id: CallId, request: CallRequest): Promise<CallState | Mismatch> {
    const flight = flights.get(id);
    if (flight !== undefined) return Promise.resolve({ state: 'pending', phase: flight.phase() });
    const name = nameOf(id);
    const opening =
      openings.get(name) ?? openCall(desk, flights, { id, request }).finally(() => openings.delete(name));
    openings.set(name, opening);
    return opening;
  }

  async function wait(id: CallId, ms: number, signal: AbortSignal): Promise<CallState | Abandoned | null> {
    const until = Date.now() + ms;
    for (;;) {
      const flight = flights.get(id);
      if (flight !== undefined) return landing(flight, until - Date.now(), signal);
      const row = await readCall(database, id);
      if (row === null) return null;
      if (!isOpen(row)) return stateOf(database, row);
      const request = elsewhere.get(nameOf(id));
      if (row.lease_expired && !openings.has(nameOf(id))) {
        const state = request === undefined ? null : await open(id, request);
        if (state === null || state.state === 'mismatch') return { state: 'abandoned' };
        if (state.state !== 'pending') return state;
      }
      const leftMs = until - Date.now();
      if (leftMs <= 0 || signal.aborted) return { state: 'pending', phase: 'registered' };
      await sleep(Math.min(limits.callLookMilliseconds, leftMs));
    }
  }

  return {
    wait,
    async put(key, request) {
      const hash = hashRequest(request);
      const id: CallId = { tenant: request.tenant, run: request.run, key, hash };
      const state = await open(id, request);
      if (state.state === 'mismatch') return state;
      if (state.state === 'pending' && flights.get(id) === undefined) elsewhere.set(nameOf(id), request);
      return { hash, call: state };
    },
    cancel(tenant, run) {
      const own = flights.of(tenant, run);
      for (const flight of own) flight.cancel();
      return own.length;
    },
    async abandon(call) {
      const own = flights.of(call.tenant, call.run).filter((flight) => flight.call.key === call.key);
      for (const flight of own) flight.cancel();
      if (own.length === 0) await abandonCall(database, call);
    },
    inFlight: () => flights.all().length,
    async drain() {
      await Promise.allSettled(openings.values());
      const inFlight = flights.all();
      for (const flight of inFlight) flight.giveBack();
      await Promise.allSettled(inFlight.map((flight) => flight.landed));
      await leases.stop();
      return inFlight.length;
    },
  };
}

/** How the flight ended, or that it is still under way when the time is over. */
async function landing(flight: Flight, ms: number, signal: AbortSignal): Promise<CallState> {
  const over = new AbortController();
  const pending = (): CallState => ({ state: 'pending', phase: flight.phase() });
  try {
    return await Promise.race([
      flight.landed,
      sleep(Math.max(0, ms), undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(
        pending,
        pending,
      ),
    ]);
  } finally {
    over.abort();
  }
}
