import { z } from 'zod';

interface Schemas {
  [name: string]: { [keyword: string]: unknown };
}

const place = '#/components/schemas/';
/** What stands behind the name of a request's schema, whose defaults may be left out. */
const requestSuffix = 'Input';

/**
 * The document with the named schemas that its paths use, and no other. Where only a request or only
 * answers use a schema it has its plain name.
 */
export function withComponents<Document extends { paths?: object; components?: object }>(
  document: Document,
): Document {
  const schemas = { ...namedSchemas('output', ''), ...namedSchemas('input', requestSuffix) };
  const used = reachable(document.paths ?? {}, schemas);
  const kept = Object.fromEntries([...used].sort().map((name) => [name, schemas[name]]));
  const text = JSON.stringify({ ...document, components: { ...document.components, schemas: kept } });
  const plain = [...used].filter((name) => !used.has(plainName(name)) && name.endsWith(requestSuffix));
  const renamed = plain.reduce(
    (rest, name) =>
      rest
        .replaceAll(`"${place}${name}"`, `"${place}${plainName(name)}"`)
        .replace(`"${name}":{`, `"${plainName(name)}":{`),
    text,
  );
  return JSON.parse(renamed) as Document;
}

function plainName(name: string): string {
  return name.slice(0, -requestSuffix.length);
}

/** Every schema that has an id, as JSON Schema, with references as OpenAPI writes them. */
function namedSchemas(io: 'input' | 'output', suffix: string): Schemas {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    ...{ io, target: 'draft-2020-12', unrepresentable: 'any' },
    uri: (id) => `${place}${id}${suffix}`,
  });
  const { __shared: shared, ...named } = schemas as Schemas;
  // Parts that recur without a name of their own, such as any JSON at all.
  const parts = Object.entries((shared?.['$defs'] ?? {}) as Schemas);
  for (const [key, part] of parts) named[`Part${key.slice('schema'.length)}`] = part;
  const text = JSON.stringify(named).replaceAll(`${place}__shared${suffix}#/$defs/schema`, `${place}Part`);
  return withoutAliases(JSON.parse(text) as Schemas, suffix);
}

/** Drops names that only stand for another one, and gives the rest their suffix. */
function withoutAliases(schemas: Schemas, suffix: string): Schemas {
  const aliases = new Map<string, string>();
  const known = new Map<string, string>();
  for (const [name, schema] of Object.entries(schemas).filter(([each]) => each.startsWith('Part'))) {
    const { $ref } = schema;
    const text = JSON.stringify(schema).replaceAll(`"${place}${name}"`, '""');
    const target = typeof $ref === 'string' ? $ref : known.get(text);
    if (target !== undefined) aliases.set(`${place}${name}`, target);
    else known.set(text, `${place}${name}${suffix}`);
  }
  const resolve = (reference: string): string =>
    aliases.get(reference) ?? (/Part\d+$/.test(reference) ? reference + suffix : reference);
  const text = JSON.stringify(schemas, (key, value: unknown) =>
    key === '$ref' ? resolve(String(value)) : value,
  );
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Schemas)
      .filter(([name]) => !aliases.has(`${place}${name}`))
      .map(([name, schema]) => [`${name}${suffix}`, withoutIdentity(schema)]),
  );
}

/** Drops what names a schema in a document of its own. */
function withoutIdentity(schema: Schemas[string]): Schemas[string] {
  const identity = new Set(['$schema', '$id', 'id']);
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !identity.has(keyword)));
}

/** Names of the schemas that something refers to, directly or through others. */
function reachable(from: object, schemas: Schemas): Set<string> {
  const found = new Set<string>();
  const look = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      look(schemas[name] ?? {});
    }
  };
  look(from);
  return found;
}
