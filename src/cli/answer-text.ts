import type { Approval, Decide } from '../contract/approvals-api';
import type { Json } from '../contract/value';

/**
 * Whether what a decision brings is a text, which stands for itself word for word, or else JSON: an
 * answer is what its schema says, any other content is like the one that is shown.
 */
export function bringsText(
  { schema, content }: Pick<Approval, 'schema' | 'content'>,
  decision: Decide['decision'],
): boolean {
  if (decision !== 'answer') return typeof content === 'string';
  return typesOf(schema)?.every((type) => type === 'string') ?? true;
}

/** The types of JSON that a schema names, by itself or by listing values; null where it names none. */
function typesOf(schema: Json): Json[] | null {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return null;
  const { type, enum: values } = schema;
  if (type !== undefined) return [type].flat();
  return Array.isArray(values) ? values.map((value) => typeof value) : null;
}
