import { LRUCache } from 'lru-cache';
import type { CallReply, CallRequest, CallState } from '../contract/gateway';
import { abandonCall, type CallId } from '../ledger/calls';
import { awaitCall, type Abandoned } from './awaiting';
import type { Desk } from './desk';
import { createFlights, nameOf } from './flights';
import { keepLeases } from './leases';
import { openCall, type Mismatch } from './opening';
import { hashRequest } from './request-hash';

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
  let draining = false;
  /** Nothing of this gateway's own is under way any more, so that nobody need go on asking it. */
  const closing = new AbortController();

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

  // A gateway that stops begins nothing new, be it the call of one that is dead.
  function reopen(id: CallId): Promise<CallState | Mismatch> | null {
    const request = elsewhere.get(nameOf(id));
    const opening = openings.get(nameOf(id));
    return opening ?? (request === undefined || draining ? null : open(id, request));
  }

  return {
    wait: (id, ms, signal) =>
      awaitCall(desk, { flights, reopen, closing: closing.signal }, { id, ms, signal }),
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
      draining = true;
      await Promise.allSettled(openings.values());
      const inFlight = flights.all();
      for (const flight of inFlight) flight.giveBack();
      await Promise.allSettled(inFlight.map((flight) => flight.landed));
      await leases.stop();
      closing.abort();
      return inFlight.length;
    },
  };
}
