import type { CatalogModel } from '../catalog/catalog';
import type { CallRequest } from '../contract/gateway';
import { limits } from '../contract/limits';
import type { Budget } from '../ledger/budgets';
import { readCall, type OwnedCall } from '../ledger/calls';
import { reclaimLost, reserveCall, type Need, type Reservation } from '../ledger/reservations';
import type { Desk } from './desk';
import { explain, largestCap, needOf, shortOf } from './fit';
import type { Place } from './line';
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
  const { call, request, model, vendor, asked, signal, onLine } = options;
  const { maxOutputTokens, minOutputTokens } = request.request;
  let input = vendor.bound(asked);
  let counted = false;
  let place: Place | null = null;
  try {
    while (!signal.aborted) {
      const need = needOf(model.price, input, maxOutputTokens);
      const reservation = await take(desk, call, need);
      if (reservation.type !== 'short') return heldOf(reservation, need);
      if (!counted) {
        counted = true;
        input = Math.min(input, await count(options));
        continue;
      }
      const { budgets } = reservation;
      if (shortOf(budgets, need).some((budget) => budget.reserved_calls > 0)) {
        onLine();
        place ??= desk.line.join(call.tenant, call.run);
        await stand(desk, place, options);
        continue;
      }
      const cap = largestCap(budgets, model.price, input);
      if (cap < minOutputTokens) return refusal(budgets, needOf(model.price, input, minOutputTokens));
      const smaller = { ...needOf(model.price, input, cap), capLowered: cap };
      const second = await take(desk, call, smaller);
      // Another call was faster by a moment: everything is weighed again.
      if (second.type !== 'short') return heldOf(second, smaller);
    }
    return { type: 'left' };
  } finally {
    place?.leave();
  }
}

// The vendor's count is of what it was sent; what it adds of its own is what the 5 % are for.
async function count({ vendor, asked, signal }: HoldOptions): Promise<number> {
  const tokens = await vendor.count(asked, signal);
  return tokens === null ? Infinity : Math.ceil(tokens * 1.05);
}

async function stand(desk: Desk, place: Place, { call, signal }: HoldOptions): Promise<void> {
  const nothingHeard = await place.wait(limits.linePollMilliseconds, signal);
  // A gateway that died would otherwise keep the line waiting for what never settles.
  if (nothingHeard) await persist(() => reclaimLost(desk.database, call.tenant, call.run));
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

function refusal(budgets: readonly Budget[], need: Need): Held {
  const [budget] = shortOf(budgets, need);
  if (budget === undefined) throw new Error('Nothing is short.');
  return { type: 'over_budget', budget: budget.id, reason: explain(budget, need) };
}
