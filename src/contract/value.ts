/** Anything that JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/**
 * A value as workflow code and history see it. Small ones ride inline, large ones are a reference
 * to the ledger's contents; `pick` is the way from the referenced document to the part that is
 * meant; `parts` is a list or object put together by a workflow from values it does not know.
 */
export type Value =
  | { inline: Json }
  | { ref: string; bytes: number; tokens: number; preview: string; pick?: (string | number)[] }
  | { parts: Value[] | { [name: string]: Value } };

/** A list that is taken item by item. */
export interface List {
  value: Value;
  length: number;
}

/** One item of a list; null where there is none. */
export function itemOf(list: Value, index: number): Value {
  if ('inline' in list) return { inline: (list.inline as Json[])[index] ?? null };
  if ('parts' in list) return (list.parts as Value[])[index] ?? nothing;
  return { ...list, pick: [...(list.pick ?? []), index] };
}

export const nothing: Value = { inline: null };

export function isNothing(value: Value): boolean {
  return 'inline' in value && value.inline === null;
}

/** Names that a template or condition may use, with what they stand for. */
export interface Names {
  [name: string]: Value;
}
