import type { Json } from '../contract/value';

/** Lists one after another as one list, objects as one object. */
export function concat(wholes: Json[]): Json {
  if (wholes.every((whole) => Array.isArray(whole))) return wholes.flat();
  return Object.fromEntries(wholes.flatMap((whole) => Object.entries(whole ?? {})));
}
