import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { limits } from '../contract/limits';
import { createJudge, faultOf, serveChecks } from './checking-program';
import type { CheckingAnswer, CheckingJob } from './checking-program';
import { faultsOfMarkdown } from './markdown-faults';

/** A schema that can't be used, or a check that takes too long. The value it was to judge is not to blame. */
export class SchemaError extends Error {
  readonly code: 'invalid_schema' | 'schema_timeout';

  constructor(code: 'invalid_schema' | 'schema_timeout', message: string) {
    super(message);
    this.code = code;
  }
}

interface Thread {
  worker: Worker;
  port: MessagePort;
}

let thread: Promise<Thread> | null = null;
let queue: Promise<unknown> = Promise.resolve();

/** Has the thread do a job: one at a time, so that nobody's time is spent on somebody else's. Throws `SchemaError`. */
export async function inThread(job: CheckingJob): Promise<CheckingAnswer> {
  const answer = queue.then(() => run(job));
  queue = answer.catch(() => undefined);
  return answer;
}

async function run(job: CheckingJob): Promise<CheckingAnswer> {
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

function answered(worker: Worker, port: MessagePort, job: CheckingJob): Promise<CheckingAnswer> {
  return new Promise((resolve, reject) => {
    const died = (error: unknown) => {
      settle(() => {
        const reason = error instanceof Error ? error.message : 'the thread ended';
        reject(new SchemaError('invalid_schema', `The ${job.type} can't be used: ${reason}.`));
      });
    };
    const heard = (answer: CheckingAnswer) => {
      settle(() => {
        resolve(answer);
      });
    };
    const before = process.cpuUsage();
    let looks = 0;
    const look = () => {
      looks++;
      // If this thread was busy, the answer may have been waiting all along.
      const waiting = receiveMessageOnPort(port) as { message: CheckingAnswer } | undefined;
      if (waiting !== undefined) heard(waiting.message);
      else if (looks < looksMax && !mayHaveRun(before))
        timer = setTimeout(look, limits.schemaMillisecondsMax);
      else
        settle(() => {
          const message = `The ${job.type} takes longer than ${String(limits.schemaMillisecondsMax)} ms.`;
          reject(new SchemaError('schema_timeout', message));
        });
    };
    let timer = setTimeout(look, limits.schemaMillisecondsMax);
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

/** So often the whole time is granted anew where the machine had none to give. */
const looksMax = 20;

/**
 * Whether the check can have had its time of a processor. How long a thread ran is not to be learned,
 * but it was no longer than the whole process, of which it is one of two that work.
 */
function mayHaveRun(before: NodeJS.CpuUsage): boolean {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 >= 2 * limits.schemaMillisecondsMax;
}

/** A thread with nothing of the process in it: no environment, bounded memory. Resolves once it can work. */
async function startThread(): Promise<Thread> {
  const { port1, port2 } = new MessageChannel();
  const from = (name: string) => `require(${JSON.stringify(require.resolve(name))})`;
  const libraries = `{
    Ajv: ${from('ajv/dist/2020')}.Ajv2020,
    addFormats: ${from('ajv-formats')}.default,
    Expression: ${from('re2js')}.RE2JS,
    markdown: ${from('markdown-it')},
    createJudge: ${createJudge.toString()},
    faultOf: ${faultOf.toString()},
    faultsOfMarkdown: ${faultsOfMarkdown.toString()},
  }`;
  const program = `(${serveChecks.toString()})(require('node:worker_threads').workerData, ${libraries})`;
  const worker = new Worker(program, {
    eval: true,
    name: 'checks',
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
