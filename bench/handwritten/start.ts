import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import type { Assignment } from './worker';
import type { contentProduction, Through } from './workflow';

/** A worker of the hand-written workflow, as a process of its own. */
export interface Handwritten {
  /** Runs the workflow once, to its end; answers its id. */
  run(topic: string, through: Through): Promise<string>;
  stop(): Promise<void>;
}

export async function startHandwritten(client: Client, assignment: Assignment): Promise<Handwritten> {
  const script = path.resolve(__dirname, '../../scripts/typescript.cjs');
  const worker = fork(path.join(__dirname, 'worker.ts'), [JSON.stringify(assignment)], {
    execArgv: ['-r', script],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(worker, 'exit');
  await Promise.race([
    once(worker, 'message'),
    ended.then(() => {
      throw new Error('The hand-written worker ended before it was ready.');
    }),
  ]);
  let count = 0;
  return {
    async run(topic, through) {
      const workflowId = `handwritten-${String(process.pid)}-${String(Date.now())}-${String(++count)}`;
      await client.workflow.execute<typeof contentProduction>('contentProduction', {
        workflowId,
        taskQueue: assignment.taskQueue,
        args: [topic, through],
      });
      return workflowId;
    },
    async stop() {
      worker.kill('SIGKILL');
      await ended;
    },
  };
}
