import { createHash } from 'node:crypto';
import type { CallRequest } from '../contract/gateway';

/** SHA-256 of what the model is asked, before any cap is lowered; neither budgets nor policy count. */
export function hashRequest({ model, request }: CallRequest): string {
  return createHash('sha256').update(canonical({ model, request })).digest('hex');
}

// The order of an object's names must not matter: they were parsed and written again on the way.
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
