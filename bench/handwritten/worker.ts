import path from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { workerSettings } from '../../src/worker/settings';
import { createActivities, type Doors } from './activities';

/** What the process is told, as JSON in its one argument. */
export interface Assignment extends Doors {
  temporalAddress: string;
  taskQueue: string;
}

main(JSON.parse(process.argv[2] ?? '') as Assignment).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});

async function main({ temporalAddress, taskQueue, ...doors }: Assignment): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: temporalAddress }),
    taskQueue,
    workflowsPath: path.join(__dirname, 'workflow.ts'),
    activities: createActivities(doors),
    ...workerSettings,
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ type: 'ready' });
  await worker.run();
}
