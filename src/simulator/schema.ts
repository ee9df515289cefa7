import type { Json, JsonObject } from './wire';

/** A JSON Schema that is an object; `true` is the empty one, `false` nothing can fit. */
export type Schema = JsonObject;

const followedMax = 20;

/** The schema with its `$ref` followed, its `allOf` folded in and the first fitting alternative taken. */
export function settled(schema: Json | undefined, root: Schema, followed = 0): Schema {
  if (!isObject(schema)) return {};
  if (followed > followedMax) return {};
  const { $ref, allOf, anyOf, oneOf, ...own } = told(schema);
  const bases = [
    ...(typeof $ref === 'string' ? [pointed($ref, root)] : []),
    ...(Array.isArray(allOf) ? allOf : []),
    ...alternatives(anyOf, root),
    ...alternatives(oneOf, root),
  ];
  return bases.reduce<Schema>((whole, base) => merged(settled(base, root, followed + 1), whole), own);
}

/**
 * The schema with what its description says in words. Anthropic's SDK writes there, in braces at the
 * end, whatever the vendor can't enforce, so that the model may still keep to it.
 */
function told(schema: Schema): Schema {
  const { description } = schema;
  const words = typeof description === 'string' ? /\{(.*)\}$/s.exec(description)?.[1] : undefined;
  if (words === undefined) return schema;
  try {
    const quoted = words.replaceAll(/(^|, )(\$?\w+): /g, '$1"$2": ');
    return { ...(JSON.parse(`{${quoted}}`) as Schema), ...schema };
  } catch {
    return schema;
  }
}

// Null is the poorest of all answers, so that any other alternative comes before it.
function alternatives(choices: Json | undefined, root: Schema): Json[] {
  if (!Array.isArray(choices) || choices.length === 0) return [];
  const best = choices.find((choice) => typeOf(settled(choice, root)) !== 'null');
  return [best ?? choices[0] ?? {}];
}

function merged(base: Schema, over: Schema): Schema {
  const whole: Schema = { ...base, ...over };
  if (isObject(base['properties']) && isObject(over['properties']))
    whole['properties'] = { ...base['properties'], ...over['properties'] };
  if (Array.isArray(base['required']) && Array.isArray(over['required']))
    whole['required'] = [...new Set([...base['required'], ...over['required']])];
  return whole;
}

function pointed($ref: string, root: Schema): Json {
  if (!$ref.startsWith('#')) return {};
  const steps = decodeURIComponent($ref.slice(1)).split('/').slice(1);
  return steps.reduce<Json>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined) ?? {};
  }, told(root));
}

/** What kind of value fits, where the schema says or shows it; null is taken only where nothing else is. */
export function typeOf(schema: Schema): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const named = type.filter((each) => typeof each === 'string');
    return named.find((each) => each !== 'null') ?? 'null';
  }
  if (isObject(schema['properties']) || Array.isArray(schema['required'])) return 'object';
  if (schema['items'] !== undefined || Array.isArray(schema['prefixItems'])) return 'array';
  if (typeof schema['minimum'] === 'number' || typeof schema['maximum'] === 'number') return 'number';
  return 'string';
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function numberIn(schema: Schema, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}
