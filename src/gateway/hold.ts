import type { CatalogModel } from '../catalog/catalog';
import type { CallRequest } from '../contract/gateway';
import { limits } from '../contract/limits';
import type { Budget } from '../ledger/budgets';
import { readCall, type OwnedCall } from '../ledger/calls';
import { reclaimLost, reserveCall, type Need, type Reservation } from '../ledger/reservations';
import type { Desk } from './desk';
import { explain, largestCap, needOf, shortOf } from './fit';
import { persist } from './persist';
import type { Vendor, VendorRequest } from './vendors/vendor';

export type Held =
  | { type: 'reserved'; cap: number }
  | { type: 'over_budget'; budget: string; reason: string }
  | { type: 'cancelled' }
  /** Not held any more: another has it, or it has ended. */
  | { type: 'lost' }
  /** Called off or given back while in line; the row is as it was. */
  | { type: 'left' };

export interface HoldOptions {
  call: OwnedCall;
  request: CallRequest;
  model: CatalogModel;
  vendor: Vendor;
  asked: VendorRequest;
  signal: AbortSignal;
  onLine: () => void;
}

/**
 * Takes the call's worst case from all its budgets. What doesn't fit by the bound is counted by the
 * vendor; what still doesn't waits while other calls may give something back; what then doesn't
 * gets a lower output cap, or isn't made.
 */
export async function hold(desk: Desk, options: HoldOptions): Promise<Held> {
  const { request, model, vendor, asked, signal } = options;
  const cap = request.request.maxOutputTokens;
  let input = vendor.bound(asked);
  let counted = false;
  while (!signal.aborted) {
    const need = needOf(model.price, input, cap);
    const reservation = await take(desk, options.call, need);
    if (reservation.type !== 'short') return heldOf(reservation, need);
    if (!counted) {
      counted = true;
      input = Math.min(input, await count(options));
      continue;
    }
    const { budgets } = reservation;
    const short = shortOf(budgets, need);
    if (short.some((budget) => budget.reserved_calls > 0)) {
      await stand(desk, options);
      continue;
    }
    const lowered = largestCap(budgets, model.price, input);
    if (lowered < request.request.minOutputTokens) return refusal(short, needOf(model.price, input, request.request.minOutputTokens));
    const smaller = { ...needOf(model.price, input, lowered), capLowered: lowered };
    const second = await take(desk, options.call, smaller);
    // Another call was faster by a moment: everything is weighed again.
    if (second.type !== 'short') return heldOf(second, smaller);
  }
  return { type: 'left' };
}

// The vendor's count is of what it was sent; what it adds of its own is what the 5 % are for.
async function count({ vendor, asked, signal }: HoldOptions): Promise<number> {
  const tokens = await vendor.count(asked, signal);
  return tokens === null ? Infinity : Math.ceil(tokens * 1.05);
}

async function stand(desk: Desk, { call, signal, onLine }: HoldOptions): Promise<void> {
  onLine();
  await desk.line.wait(call.tenant, call.run, { ms: limits.linePollMilliseconds, signal });
  // A gateway that died would otherwise keep the line waiting for what never settles.
  await persist(() => reclaimLost(desk.database, call.tenant, call.run));
}

function heldOf(reservation: Exclude<Reservation, { type: 'short' }>, need: Need): Held {
  return reservation.type === 'reserved' ? { type: 'reserved', cap: need.cap } : reservation;
}

async function take({ database }: Desk, call: OwnedCall, need: Need): Promise<Reservation> {
  const reservation = await persist(() => reserveCall(database, call, need));
  if (reservation.type !== 'lost') return reservation;
  // It may be lost because the statement was done and only its answer never came.
  const row = await persist(() => readCall(database, call));
  const mine = row?.owner === call.owner && row.fence === call.fence && row.state === 'reserved';
  return mine && row.cap_lowered === need.capLowered ? { type: 'reserved' } : reservation;
}

function refusal(short: readonly Budget[], need: Need): Held {
  const [budget] = short;
  if (budget === undefined) throw new Error('Nothing is short.');
  return { type: 'over_budget', budget: budget.id, reason: explain(budget, need) };
}
