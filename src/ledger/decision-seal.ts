import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Json } from '../contract/value';

/** What a sealed decision binds together. `content` is the edit or answer itself, null where there is none. */
export interface SealedDecision {
  approval: string;
  decision: string;
  digest: string;
  by: string;
  content: Json;
}

/** HMAC-SHA256, hex, by which the worker knows that the API vouches for who decided what. */
export function seal(internalKey: string, decision: SealedDecision): string {
  const { approval, decision: verb, digest, by, content } = decision;
  return createHmac('sha256', internalKey)
    .update(JSON.stringify([approval, verb, digest, by, content]))
    .digest('hex');
}

/** Whether a seal is the one that `seal` would make, in constant time. */
export function sealHolds(internalKey: string, decision: SealedDecision, given: string): boolean {
  const expected = Buffer.from(seal(internalKey, decision));
  const actual = Buffer.from(given);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
