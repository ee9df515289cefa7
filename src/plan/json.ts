import type { Json } from '../contract/value';

export interface JsonObject {
  [name: string]: Json;
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** A member that the object has itself. What every object inherits, such as `constructor`, is not one. */
export function member(json: Json | undefined, name: string): Json | undefined {
  return isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined;
}

/** The pointer of a member or item below another pointer (RFC 6901). */
export function pointerTo(parent: string, ...names: (string | number)[]): string {
  return names.reduce<string>(
    (pointer, name) => `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    parent,
  );
}

export function pointerParts(pointer: string): string[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands at a JSON Pointer, or undefined where nothing does. */
export function resolvePointer(json: Json, pointer: string): Json | undefined {
  let found: Json | undefined = json;
  for (const part of pointerParts(pointer)) {
    if (Array.isArray(found)) found = /^(0|[1-9]\d*)$/.test(part) ? found[Number(part)] : undefined;
    else found = member(found, part);
  }
  return found;
}

/** A copy in which every member is the object's own, `__proto__` too. */
export function ownObject(entries: Iterable<readonly [string, Json]>): JsonObject {
  // Object.fromEntries defines members instead of assigning them, so that no name is special.
  return Object.fromEntries(entries);
}
