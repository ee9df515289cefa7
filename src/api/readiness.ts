import { temporal } from '@temporalio/proto';
import type { Readiness } from '../contract/plans-api';
import { hasWorker } from '../ledger/worker-beats';
import type { Service } from './service';

const checkMsMax = 3_000;
/** A worker asks Temporal anew at least once a minute; one that was heard of longer ago is gone. */
const pollerSecondsMax = 75;

type Check = () => Promise<string | null>;

/** Looks at every part the service can't work without. */
export async function checkParts(service: Service): Promise<Readiness['parts']> {
  const [temporalPart, database, gateway, worker] = await Promise.all([
    part(() => temporalProblem(service)),
    part(() => databaseProblem(service)),
    part(() => service.gateways.health()),
    part(() => workerProblem(service)),
  ]);
  return { temporal: temporalPart, database, gateway, worker };
}

async function part(check: Check): Promise<{ ok: boolean; detail: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, checkMsMax, 'It does not answer.');
  });
  const problem = await Promise.race([check().catch(() => 'It does not answer.'), late]);
  clearTimeout(timer);
  return { ok: problem === null, detail: problem ?? 'It answers.' };
}

async function temporalProblem({ temporal: { client, namespace, within } }: Service): Promise<string | null> {
  await within(checkMsMax, () => client.workflowService.describeNamespace({ namespace }));
  return null;
}

async function databaseProblem({ database }: Service): Promise<string | null> {
  await database.query('SELECT 1');
  return null;
}

/** A worker that died is missed in the ledger long before Temporal misses it; one that can't poll, only there. */
async function workerProblem(service: Service): Promise<string | null> {
  const { client, namespace, taskQueue, within } = service.temporal;
  if (!(await hasWorker(service.database, taskQueue)))
    return `No worker of the task queue ${taskQueue} gives a sign of life.`;
  const { pollers } = await within(checkMsMax, () =>
    client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    }),
  );
  const since = Date.now() / 1000 - pollerSecondsMax;
  const lives = pollers.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > since);
  return lives ? null : `No worker polls the task queue ${taskQueue}.`;
}
