import { createHash } from 'node:crypto';

/**
 * SHA-256, hex, over a value as JSON in the order written. The order is part of the value: branches
 * run, and are put together, in it. Fields come in the schema's order whoever wrote the plan.
 */
export function hashOf(json: unknown): string {
  return createHash('sha256').update(JSON.stringify(json)).digest('hex');
}
