import { z } from 'zod';
import { limits } from '../contract/limits';
import { invalidInput } from './problem';

/** `?limit=` and `?cursor=`, on every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^[1-9][0-9]*$/, 'Must be a whole number from 1')
    .transform(Number)
    .refine((limit) => limit <= limits.pageSizeMax, {
      error: `Must be at most ${String(limits.pageSizeMax)}`,
    })
    .default(limits.pageSize),
  cursor: z.string().min(1).max(500).optional(),
};

/** Where the next page begins, in a form that says nothing to clients. */
export function cursorOf(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** The parts of a cursor that an answer gave; anything else is refused. */
export function readCursor(cursor: string | undefined, count: number): string[] | null {
  if (cursor === undefined) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const fits =
      Array.isArray(parts) && parts.length === count && parts.every((part) => typeof part === 'string');
    if (fits && !parts.some((part) => part.includes('\0'))) return parts;
  } catch {
    // Not ours: said below.
  }
  throw invalidInput('The query is not valid.', [
    { path: '/cursor', code: 'validation_failed', message: 'Is not a cursor that a list has given.' },
  ]);
}

/** Cursor part that is a time. */
export function readTime(text: string | undefined): Date {
  const time = new Date(text ?? '');
  if (!Number.isNaN(time.getTime())) return time;
  throw invalidInput('The query is not valid.', [
    { path: '/cursor', code: 'validation_failed', message: 'Is not a cursor that a list has given.' },
  ]);
}

/** Cuts a list that was asked for one more than the page, and says where the next page begins. */
export function pageOf<Item, View>(
  rows: readonly Item[],
  limit: number,
  { view, cursor }: { view(item: Item): View; cursor(item: Item): string },
): { items: View[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(view),
    nextCursor: rows.length > limit && last !== undefined ? cursor(last) : null,
  };
}
