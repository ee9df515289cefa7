import type { Json } from '../contract/value';
import type { Fault } from './fault';
import { isObject, member, pointerTo, resolvePointer, type JsonObject } from './json';
import { maps, values } from './move-schema';

/** A schema within a schema. */
interface Part {
  pointer: string;
  schema: JsonObject;
  /** What `#` means in it. */
  base: Json;
}

const bounds = [
  ['minimum', 'maximum'],
  ['exclusiveMinimum', 'exclusiveMaximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['minContains', 'maxContains'],
  ['minProperties', 'maxProperties'],
] as const;

/** Where a lower bound is above the upper one: no value could fit. */
export function emptyRanges(schema: Json): Fault[] {
  return partsOf(schema).flatMap((part) =>
    bounds.flatMap(([lower, upper]) => {
      const [least, most] = [member(part.schema, lower), member(part.schema, upper)];
      if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return [];
      const message = `${lower} ${String(least)} is more than ${upper} ${String(most)}`;
      return [{ path: pointerTo(part.pointer, lower), message }];
    }),
  );
}

/**
 * The first place, if there is one, from which a schema comes back to itself while it judges one and
 * the same value: that would never end. To name itself for a part of the value, as a tree does, is fine.
 */
export function endlessReference(schema: Json): Fault[] {
  const parts = partsOf(schema);
  const known = new Set(parts.map((part) => part.schema));
  const followed = new Map(
    parts.map((part) => [part.schema, new Set(sameValue(part).filter((each) => known.has(each)))]),
  );
  // Without those that lead nowhere, again and again, only circles and what leads into them are left.
  const leading = new Map<JsonObject, JsonObject[]>();
  for (const [from, targets] of followed)
    for (const to of targets) leading.set(to, [...(leading.get(to) ?? []), from]);
  const ends = [...followed].flatMap(([from, targets]) => (targets.size === 0 ? [from] : []));
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    followed.delete(end);
    for (const from of leading.get(end) ?? []) {
      followed.get(from)?.delete(end);
      if (followed.get(from)?.size === 0) ends.push(from);
    }
  }
  const found = parts.find((part) => followed.has(part.schema));
  const message = 'refers back to itself for the same value, so that no check against it would ever end';
  return found === undefined ? [] : [{ path: found.pointer, message }];
}

/** The schemas that judge the same value as the one that they are in. */
function sameValue({ schema, base }: Part): JsonObject[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].map((keyword) => member(schema, keyword));
  const dependent = member(schema, 'dependentSchemas');
  return [
    ...['not', 'if', 'then', 'else'].map((keyword) => member(schema, keyword)),
    ...['$ref', '$dynamicRef'].map((keyword) => target(base, member(schema, keyword))),
    ...lists.flatMap((list) => (Array.isArray(list) ? list : [])),
    ...(isObject(dependent) ? Object.values(dependent) : []),
  ].filter(isObject);
}

/** What a reference within the schema means. */
function target(base: Json, reference: Json | undefined): Json | undefined {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return undefined;
  try {
    return resolvePointer(base, decodeURIComponent(reference.slice(1)));
  } catch {
    return undefined;
  }
}

/** A schema and all schemas in it, each before those that are in it. */
function partsOf(whole: Json): Part[] {
  const parts: Part[] = [];
  const left: { pointer: string; schema: Json; base: Json }[] = [{ pointer: '', schema: whole, base: whole }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { pointer, schema } = next;
    if (!isObject(schema)) continue;
    const base = Object.hasOwn(schema, '$id') ? schema : next.base;
    parts.push({ pointer, schema, base });
    const inner = Object.entries(schema).flatMap(([keyword, value]) => schemasOf(keyword, value));
    for (const [path, each] of inner.reverse())
      left.push({ pointer: pointerTo(pointer, ...path), schema: each, base });
  }
  return parts;
}

/** The schemas under a keyword, and where. */
function schemasOf(keyword: string, value: Json): [path: string[], schema: Json][] {
  if (values.has(keyword)) return [];
  if (!Array.isArray(value) && !maps.has(keyword)) return [[[keyword], value]];
  return isObject(value) || Array.isArray(value)
    ? Object.entries(value).map(([name, each]) => [[keyword, name], each])
    : [];
}
