import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import type { CheckingAnswer } from './checking-program';
import { inThread, SchemaError } from './checking-thread';
import type { Fault } from './fault';
import { problem, type PlanProblem } from './problem';
import { emptyRanges, endlessReference } from './schema-sense';

/** Whether a JSON Schema 2020-12 compiles and makes sense; paths are pointers into the schema. */
export async function checkSchema(schema: Json): Promise<PlanProblem[]> {
  try {
    const { faults } = await ask(schema, null);
    const endless = endlessReference(schema);
    const found = [...(endless.length > 0 ? endless : faults), ...emptyRanges(schema)];
    return found.map(({ path, message }) => problem(path, 'invalid_schema', `${message}.`));
  } catch (error) {
    if (error instanceof SchemaError) return [problem('', error.code, error.message)];
    throw error;
  }
}

/** What of a value breaks a schema, as pointers into the value; nothing if it fits. Throws `SchemaError`. */
export async function validateJson(schema: Json, value: Json): Promise<Fault[]> {
  if (isDeeper(value, limits.planDepthMax)) return [{ path: '', message: 'is nested too deeply' }];
  const answer = await ask(schema, JSON.stringify(value));
  if (answer.type === 'checked') return answer.faults;
  const [first] = answer.faults;
  throw new SchemaError('invalid_schema', `The schema can't be used: ${first?.message ?? ''}.`);
}

async function ask(schema: Json, value: string | null): Promise<CheckingAnswer> {
  if (isDeeper(schema, limits.schemaDepthMax))
    throw new SchemaError(
      'invalid_schema',
      `The schema is nested deeper than ${String(limits.schemaDepthMax)} levels.`,
    );
  const text = JSON.stringify(schema);
  if (text.length > limits.schemaBytesMax)
    throw new SchemaError(
      'invalid_schema',
      `The schema is longer than ${String(limits.schemaBytesMax)} characters.`,
    );
  return inThread({ type: 'schema', schema: text, value });
}

function isDeeper(json: Json, levels: number): boolean {
  let level: Json[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
