import type { Json } from '../contract/value';
import { SchemaError } from '../plan/checking-thread';
import { faultText } from '../plan/fault';
import { validateJson } from '../plan/json-schema';

/**
 * How a document breaks its schema, one line a fault, or null where it fits. A check that can't be
 * carried out in its time is a fault as well: it would be the same at every retry.
 */
export async function schemaErrors(schema: Json, json: Json): Promise<string | null> {
  try {
    const faults = await validateJson(schema, json);
    return faults.length === 0 ? null : faults.map(faultText).join('\n');
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return error.message;
  }
}
