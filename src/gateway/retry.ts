import type { FinalFault, VendorFault } from '../contract/failures';
import type { CallRequest, WaitCause } from '../contract/gateway';
import { limits } from '../contract/limits';

type Policy = CallRequest['policy'];

export interface Aftermath {
  /** Null: no further attempt. */
  retryInMs: number | null;
  /** Where the workflow is to wait it out, on a timer, and no retry is spent. */
  waitCause: WaitCause | null;
}

export interface Fault {
  fault: VendorFault | FinalFault;
  /** What the vendor asked for. */
  retryAfterMs: number | null;
}

/**
 * What follows a fault of the n-th attempt that counts (1, 2, 3 …). A probe's failure leaves the call
 * where it was before: waiting for the breaker.
 */
export function afterFault(
  { fault, retryAfterMs }: Fault,
  policy: Policy,
  { attempt, probeFailed }: { attempt: number; probeFailed: boolean },
): Aftermath {
  const end = { retryInMs: null, waitCause: null };
  if (!policy.retryOn.some((mended) => mended === fault)) return end;
  const asked = retryAfterMs ?? 0;
  if (asked > limits.retryAfterHeldSeconds * 1000) return { retryInMs: asked, waitCause: 'vendor' };
  if (probeFailed) return { retryInMs: Math.max(policy.breaker.cooldownMs, asked), waitCause: 'breaker' };
  if (attempt > policy.maxRetries) return end;
  const own = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** (attempt - 1));
  return { retryInMs: Math.ceil(Math.max(own, asked)), waitCause: null };
}
