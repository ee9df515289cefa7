import { temporal } from '@temporalio/proto';
import type { Service } from '../service';
import { millisecondsOf } from './stall';

const askMsMax = 5_000;
const freshMs = 10_000;
const eventsBack = 20;

/**
 * Whether a worker has asked for tasks of this service's queue lately. One that has nothing to do asks
 * once a minute, but then no task lies there: to be asked only where one does.
 */
export async function workerPolls({
  temporal: { client, namespace, taskQueue, within },
}: Service): Promise<boolean> {
  const { TaskQueueType } = temporal.api.enums.v1;
  const types = [TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY];
  const answers = await Promise.all(
    types.map((taskQueueType) =>
      within(askMsMax, () =>
        client.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType,
        }),
      ),
    ),
  );
  const since = Date.now() - freshMs;
  return answers.some(({ pollers }) =>
    pollers.some(({ lastAccessTime }) => millisecondsOf(lastAccessTime, 0) > since),
  );
}

/** What the last workflow task of an execution said when it failed; null where it has not failed. */
export async function lastTaskFailure(
  { temporal: { client, namespace, within } }: Service,
  workflowId: string,
  runId: string,
): Promise<string | null> {
  const { history } = await within(askMsMax, () =>
    client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: eventsBack,
    }),
  );
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes != null) return null;
    const message = event.workflowTaskFailedEventAttributes?.failure?.message;
    if (message != null && message !== '') return message;
  }
  return null;
}
