import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../contract/value';
import { isObject } from '../plan/json';

/** Whether values are equal once their texts are trimmed and their case is folded. */
export function agree(values: Json[]): boolean {
  const [first, ...others] = values.map(folded);
  return others.every((each) => isDeepStrictEqual(each, first));
}

function folded(json: Json): Json {
  // Letters such as ß and SS meet only in upper case.
  if (typeof json === 'string') return json.trim().normalize().toUpperCase().toLowerCase();
  if (Array.isArray(json)) return json.map(folded);
  if (isObject(json))
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, folded(value)]));
  return json;
}
