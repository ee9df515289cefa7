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

export const nothing: Value = { inline: null };

export function isNothing(value: Value): boolean {
  return 'inline' in value && value.inline === null;
}
