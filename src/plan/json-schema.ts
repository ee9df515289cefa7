import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { faultOf, serveSchemas } from './json-schema-worker';
import type { SchemaAnswer, SchemaFault, SchemaJob } from './json-schema-worker';
import { problem, type PlanProblem } from './problem';

/** A schema that can't be used, or takes too long. The value it was to judge is not to blame. */
export class SchemaError extends Error {
  readonly code: 'invalid_schema' | 'schema_timeout';

  constructor(code: 'invalid_schema' | 'schema_timeout', message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether a JSON Schema 2020-12 compiles; paths are pointers into the schema. */
export async function checkSchema(schema: Json): Promise<PlanProblem[]> {
  try {
    const { faults } = await ask(schema, null);
    return faults.map(({ path, message }) => problem(path, 'invalid_schema', `${message}.`));
  } catch (error) {
    if (error instanceof SchemaError) return [problem('', error.code, error.message)];
    throw error;
  }
}

/** What of a value breaks a schema, as pointers into the value; nothing if it fits. Throws `SchemaError`. */
export async function validateJson(schema: Json, value: Json): Promise<SchemaFault[]> {
  if (isDeeper(value, limits.planDepthMax)) return [{ path: '', message: 'is nested too deeply' }];
  const answer = await ask(schema, JSON.stringify(value));
  if (answer.type === 'checked') return answer.faults;
  const [first] = answer.faults;
  throw new SchemaError('invalid_schema', `The schema can't be used: ${first?.message ?? ''}.`);
}

interface Thread {
  worker: Worker;
  port: MessagePort;
}

let thread: Promise<Thread> | null = null;
let queue: Promise<unknown> = Promise.resolve();

async function ask(schema: Json, value: string | null): Promise<SchemaAnswer> {
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
  // One at a time, so that nobody's time is spent on somebody else's schema.
  const answer = queue.then(() => run({ schema: text, value }));
  queue = answer.catch(() => undefined);
  return answer;
}

async function run(job: SchemaJob): Promise<SchemaAnswer> {
  const { worker, port } = await startedThread();
  worker.ref();
  try {
    return await answered(worker, port, job);
  } catch (error) {
    // What runs on can only be ended with the thread it runs on; the next job starts another.
    thread = null;
    await worker.terminate();
    throw error;
  } finally {
    worker.unref();
  }
}

async function startedThread(): Promise<Thread> {
  try {
    return await (thread ??= startThread());
  } catch (error) {
    thread = null;
    throw error;
  }
}

function answered(worker: Worker, port: MessagePort, job: SchemaJob): Promise<SchemaAnswer> {
  return new Promise((resolve, reject) => {
    const died = (error: unknown) => {
      settle(() => {
        const reason = error instanceof Error ? error.message : 'the thread ended';
        reject(new SchemaError('invalid_schema', `The schema can't be used: ${reason}.`));
      });
    };
    const heard = (answer: SchemaAnswer) => {
      settle(() => {
        resolve(answer);
      });
    };
    const timer = setTimeout(() => {
      // If this thread was busy, the answer may have been waiting all along.
      const waiting = receiveMessageOnPort(port) as { message: SchemaAnswer } | undefined;
      if (waiting !== undefined) heard(waiting.message);
      else
        settle(() => {
          const message = `The schema takes longer than ${String(limits.schemaMillisecondsMax)} ms.`;
          reject(new SchemaError('schema_timeout', message));
        });
    }, limits.schemaMillisecondsMax);
    function settle(act: () => void): void {
      clearTimeout(timer);
      port.off('message', heard);
      worker.off('error', died);
      worker.off('exit', died);
      act();
    }
    port.on('message', heard);
    worker.on('error', died);
    worker.on('exit', died);
    port.postMessage(job);
  });
}

/** A thread with nothing of the process in it: no environment, bounded memory. Resolves once it can work. */
async function startThread(): Promise<Thread> {
  const { port1, port2 } = new MessageChannel();
  const from = (name: string) => `require(${JSON.stringify(require.resolve(name))})`;
  const libraries = `{
    Ajv: ${from('ajv/dist/2020')}.Ajv2020,
    addFormats: ${from('ajv-formats')}.default,
    Expression: ${from('re2js')}.RE2JS,
    faultOf: ${faultOf.toString()},
  }`;
  const program = `(${serveSchemas.toString()})(require('node:worker_threads').workerData, ${libraries})`;
  const worker = new Worker(program, {
    eval: true,
    name: 'json-schema',
    workerData: port2,
    transferList: [port2],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 4 },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    port1.once('message', () => {
      worker.off('error', reject);
      resolve();
    });
  });
  worker.unref();
  port1.unref();
  return { worker, port: port1 };
}

function isDeeper(json: Json, levels: number): boolean {
  let level: Json[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
