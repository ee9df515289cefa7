import { breakerFaults } from '../contract/failures';
import { limits } from '../contract/limits';
import type { CallRow } from '../ledger/calls';
import type { Evidence } from '../ledger/breakers';
import type { Aftermath } from './retry';
import type { VendorOutcome } from './vendors/vendor';

/** Whether a fault speaks against the vendor and not against the request or who asks. */
export function isAgainstVendor(outcome: VendorOutcome): boolean {
  return outcome.type === 'fault' && breakerFaults.some((fault) => fault === outcome.fault);
}

/**
 * What an attempt says of its vendor. A failure counts once its retries are spent. For a probe it is
 * enough that the vendor answered, whatever it thought of the request.
 */
export function evidenceOf({ probe }: CallRow, outcome: VendorOutcome, { retryInMs }: Aftermath): Evidence {
  if (outcome.type === 'aborted') return null;
  if (isAgainstVendor(outcome)) {
    if (probe) return 'probe_failed';
    return retryInMs === null ? 'spent' : null;
  }
  if (probe) return 'probe_answered';
  return outcome.type === 'answered' ? 'answered' : null;
}

/** How long the vendor asked everybody to stay away; null where it said nothing. One answer can't shut it for longer than a run would wait. */
export function askedForMs(outcome: VendorOutcome): number | null {
  if (outcome.type !== 'fault' || outcome.retryAfterMs === null || outcome.retryAfterMs <= 0) return null;
  return Math.min(outcome.retryAfterMs, limits.vendorWaitHours * 3_600_000);
}
