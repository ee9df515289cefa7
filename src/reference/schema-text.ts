/** The part of JSON Schema that zod writes and these pages read. */
export interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Node;
  anyOf?: Node[];
  properties?: { [name: string]: Node };
  required?: string[];
  additionalProperties?: Node | boolean;
  $ref?: string;
}

/** A field; one inside another is named with a dot. */
export interface Row {
  name: string;
  node: Node;
  owner: Node;
}

/** The fields of an object, or of the objects that a value may be. */
export function rowsOf(node: Node, prefix = ''): Row[] {
  const objects = [node, ...(node.anyOf ?? [])];
  return objects.flatMap((owner) =>
    Object.entries(owner.properties ?? {}).flatMap(([name, field]) => [
      { name: `${prefix}${name}`, node: field, owner },
      ...(field.properties === undefined ? [] : rowsOf(field, `${prefix}${name}.`)),
    ]),
  );
}

/** Whether an object can't do without a field. */
export function isRequired({ name, owner }: Row): boolean {
  return owner.required?.includes(name.split('.').at(-1) ?? '') === true;
}

/** The description, fit for a cell of a table. */
export function sentenceOf({ description }: Node): string {
  if (description === undefined) throw new Error('A field of the schema has no description.');
  return inCell(description);
}

/** A value as it would stand in a plan. */
export function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** What a value may be, in words with links to the sections of the page. */
export function typeText(node: Node): string {
  if (node.$ref !== undefined) return reference(node.$ref);
  if (node.const !== undefined) return inCell(code(node.const));
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeText))].join(' or ');
  switch (node.type) {
    case 'string':
      return stringText(node);
    case 'integer':
    case 'number':
      return `${node.type === 'integer' ? 'whole number' : 'number'}${range(node)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'null':
      return '`null`';
    case 'array':
      return `list of ${count(node)}${typeText(node.items ?? {})}`;
    case 'object':
      return objectText(node);
    default:
      throw new Error(`These pages can't put ${JSON.stringify(node)} in words.`);
  }
}

function reference(target: string): string {
  const name = target.replace('#/$defs/', '');
  // What has no name is any JSON at all: nothing else recurs in the schema.
  if (name.startsWith('__')) return 'any JSON';
  return name === 'Step' ? '[step](#steps)' : `[${name}](#${name.toLowerCase()})`;
}

function stringText({ pattern, minLength, maxLength }: Node): string {
  if (pattern !== undefined) return `text like ${inCell(`\`${pattern}\``)}`;
  const least = minLength === undefined ? '' : ', not empty';
  return `text${least}${maxLength === undefined ? '' : `, at most ${String(maxLength)} characters`}`;
}

function range({ minimum, maximum, exclusiveMinimum }: Node): string {
  const least =
    exclusiveMinimum === undefined
      ? minimum === undefined
        ? ''
        : ` from ${String(minimum)}`
      : ` above ${String(exclusiveMinimum)}`;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? least
    : `${least} to ${String(maximum)}`;
}

function count({ minItems, maxItems }: Node): string {
  if (maxItems === undefined) return '';
  return minItems === undefined
    ? `at most ${String(maxItems)}: `
    : `${String(minItems)} to ${String(maxItems)}: `;
}

function objectText({ properties, required, additionalProperties }: Node): string {
  if (properties !== undefined) {
    const names = Object.keys(properties).map((name) =>
      required?.includes(name) === true ? name : `${name}?`,
    );
    return `\`{ ${names.join(', ')} }\``;
  }
  return typeof additionalProperties === 'object' ? `name → ${typeText(additionalProperties)}` : 'object';
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
