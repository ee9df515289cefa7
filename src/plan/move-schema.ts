import type { Json } from '../contract/value';
import { isObject } from './json';

/** Keywords under which stand values and no schemas. */
export const values = new Set(['const', 'enum', 'default', 'examples']);
/** Keywords under which stand schemas by names of their own. */
export const maps = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/** A JSON Schema as a part of another one, at `place`: what it refers to within itself moves with it. */
export function moved(schema: Json, place: string): Json {
  if (Array.isArray(schema)) return schema.map((item) => moved(item, place));
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (keyword === '$ref' && typeof value === 'string' && value.startsWith('#'))
        return [keyword, `${place}${value.slice(1)}`];
      if (values.has(keyword)) return [keyword, value];
      if (maps.has(keyword) && isObject(value)) return [keyword, movedEach(value, place)];
      return [keyword, moved(value, place)];
    }),
  );
}

function movedEach(schemas: { [name: string]: Json }, place: string): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, moved(schema, place)]));
}
