import { setTimeout as sleep } from 'node:timers/promises';
import type { CallState } from '../contract/gateway';
import { limits } from '../contract/limits';
import { readCall, type CallId } from '../ledger/calls';
import { isOpen, stateOf } from './call-state';
import type { Desk } from './desk';
import type { Flight } from './flight';
import type { Flights } from './flights';
import type { Mismatch } from './opening';

/** Nobody has the call, and here is nobody who knows what it asks: it is to be put again. */
export interface Abandoned {
  state: 'abandoned';
}

interface Around {
  flights: Flights;
  /** Starts a call again that its gateway has lost. Null where that can't be done here. */
  reopen(id: CallId): Promise<CallState | Mismatch> | null;
  /** Aborted when nothing of this gateway's own is under way any more and it closes. */
  closing: AbortSignal;
}

/** Waits until the call is not pending, `ms` have passed or nobody listens. Null: no such call. */
export async function awaitCall(
  { database }: Desk,
  { flights, reopen, closing }: Around,
  { id, ms, signal }: { id: CallId; ms: number; signal: AbortSignal },
): Promise<CallState | Abandoned | null> {
  const until = Date.now() + ms;
  for (;;) {
    const flight = flights.get(id);
    if (flight !== undefined) return landing(flight, until - Date.now(), signal);
    const row = await readCall(database, id);
    if (row === null) return null;
    if (!isOpen(row)) return stateOf(database, row);
    if (row.lease_expired) {
      const state = await reopen(id);
      if (state === null || state.state === 'mismatch') return { state: 'abandoned' };
      if (state.state !== 'pending') return state;
    }
    const leftMs = until - Date.now();
    if (leftMs <= 0 || signal.aborted || closing.aborted) return { state: 'pending', phase: 'registered' };
    await sleep(Math.min(limits.callLookMilliseconds, leftMs));
  }
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
