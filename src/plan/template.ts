import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { isObject, member, ownObject, resolvePointer, type JsonObject } from './json';
import { parseTemplate, renderText, wholeValue } from './liquid';

/** Values by root name; a step's is under `steps.<id>` and holds `output`, `status` and `decision`. */
export interface NamedValues {
  [root: string]: Json;
}

/** Null until there is one, wherever they are used. */
const alwaysDefined = ['feedback', 'issues', 'comment', 'error'];

/**
 * What a template comes to: a string that is one whole `{{ expression }}` keeps the value's type, any
 * other is text with objects and lists as JSON. Throws `TemplateError`.
 */
export function evaluateTemplate(template: string, names: NamedValues): Json {
  return evaluateIn(template, scopeOf(names));
}

/** The same for every string inside lists and objects; names of members are left as they are. */
export function evaluateDeep(json: Json, names: NamedValues): Json {
  const scope = scopeOf(names);
  function evaluate(part: Json): Json {
    if (typeof part === 'string') return evaluateIn(part, scope);
    if (Array.isArray(part)) return part.map(evaluate);
    if (isObject(part))
      return ownObject(Object.entries(part).map(([name, value]) => [name, evaluate(value)]));
    return part;
  }
  return evaluate(json);
}

function evaluateIn(template: string, scope: JsonObject): Json {
  if (!template.includes('{{') && !template.includes('{%')) return template;
  const whole = wholeValue(parseTemplate(template.trim()), scope);
  return whole === undefined ? renderText(parseTemplate(template), scope, asText) : whole;
}

/** How a value reads inside a text: never `[object Object]`, never silently empty. */
export function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Values as templates and conditions see them: the steps together under `steps`. */
export function scopeOf(names: NamedValues): JsonObject {
  const steps: [string, Json][] = [];
  const roots = new Map<string, Json>(alwaysDefined.map((name) => [name, null]));
  for (const [name, value] of Object.entries(names)) {
    if (name.startsWith('steps.')) steps.push([name.slice('steps.'.length), value]);
    else roots.set(name, value);
  }
  return ownObject([...roots, ['steps', ownObject(steps)]]);
}

/** The input with null for every property that the schema declares and the input lacks, at any depth. */
export function withDeclaredNulls(schema: Json | undefined, input: Json): Json {
  return schema === undefined ? input : fill(schema, schema, input, 0);
}

function fill(root: Json, schema: Json, value: Json, depth: number): Json {
  if (!isObject(schema) || depth > limits.schemaDepthMax) return value;
  const reference = member(schema, '$ref');
  const target =
    typeof reference === 'string' && reference.startsWith('#')
      ? resolvePointer(root, reference.slice(1))
      : undefined;
  const parts = member(schema, 'allOf');
  let filled = target === undefined ? value : fill(root, target, value, depth + 1);
  for (const part of Array.isArray(parts) ? parts : []) filled = fill(root, part, filled, depth + 1);
  if (Array.isArray(filled)) {
    const items = member(schema, 'items') ?? null;
    return filled.map((item) => fill(root, items, item, depth + 1));
  }
  const properties = member(schema, 'properties');
  if (!isObject(filled) || !isObject(properties)) return filled;
  const present = new Map(Object.entries(filled));
  for (const [name, property] of Object.entries(properties)) {
    const own = present.get(name);
    present.set(name, own === undefined ? null : fill(root, property, own, depth + 1));
  }
  return ownObject(present);
}
