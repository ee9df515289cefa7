import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { temporal as proto } from '@temporalio/proto';
import type { Temporal } from '../temporal';

type Event = proto.api.history.v1.IHistoryEvent;

const pageMsMax = 20_000;
const pageSize = 250;

const ends = [
  'workflowExecutionCompletedEventAttributes',
  'workflowExecutionFailedEventAttributes',
  'workflowExecutionTimedOutEventAttributes',
  'workflowExecutionCanceledEventAttributes',
  'workflowExecutionTerminatedEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
] as const satisfies (keyof Event)[];

/**
 * The history of one Temporal run as JSON that the `temporal` command and a replay read. Page by page,
 * so that other requests are served between two of them.
 */
export async function readWholeHistory(
  { client, namespace, within }: Temporal,
  workflowId: string,
  runId: string,
): Promise<{ json: string; isClosed: boolean }> {
  const events: string[] = [];
  let last: Event | undefined;
  for (let page: Uint8Array | undefined; ;) {
    const { history, nextPageToken } = await within(pageMsMax, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: pageSize,
        ...(page === undefined ? {} : { nextPageToken: page }),
      }),
    );
    const found = history?.events ?? [];
    // `{"events":[…]}` without its frame.
    if (found.length > 0) events.push(eventsOf(historyToJSON({ events: found })));
    last = found.at(-1) ?? last;
    if (nextPageToken.length === 0) break;
    page = nextPageToken;
  }
  const closing = last;
  const isClosed = closing !== undefined && ends.some((end) => closing[end] != null);
  return { json: `{"events":[${events.join(',')}]}`, isClosed };
}

function eventsOf(json: string): string {
  return json.slice(json.indexOf('[') + 1, json.lastIndexOf(']')).trim();
}
