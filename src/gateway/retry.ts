import type { FinalFault, VendorFault } from '../contract/failures';
import type { CallRequest } from '../contract/gateway';
import { limits } from '../contract/limits';

type Policy = CallRequest['policy'];

export interface Aftermath {
  /** Null: no further attempt. */
  retryInMs: number | null;
  /** The vendor asked for a wait too long to be held: the workflow waits it out, and no retry is spent. */
  vendorWait: boolean;
}

/** What follows a fault of the n-th attempt that counts (1, 2, 3 …). */
export function afterFault(
  { fault, retryAfterMs }: { fault: VendorFault | FinalFault; retryAfterMs: number | null },
  policy: Policy,
  attempt: number,
): Aftermath {
  if (!policy.retryOn.some((mended) => mended === fault)) return { retryInMs: null, vendorWait: false };
  if (retryAfterMs !== null && retryAfterMs > limits.retryAfterHeldSeconds * 1000)
    return { retryInMs: retryAfterMs, vendorWait: true };
  if (attempt > policy.maxRetries) return { retryInMs: null, vendorWait: false };
  const own = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** (attempt - 1));
  return { retryInMs: Math.ceil(Math.max(own, retryAfterMs ?? 0)), vendorWait: false };
}
