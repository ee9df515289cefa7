import { z } from 'zod';
import type { ModelCall } from '../contract/activities';
import { decisionSchemas } from '../contract/decisions';
import type { Json } from '../contract/value';

const schemas = Object.fromEntries(
  Object.entries(decisionSchemas).map(([role, schema]) => [
    role,
    z.toJSONSchema(schema) as { [name: string]: Json },
  ]),
);

/** JSON Schema of what a controlling agent must answer; undefined for an agent that answers in its own way. */
export function decisionSchemaOf(role: ModelCall['role']): { [name: string]: Json } | undefined {
  return schemas[role];
}
