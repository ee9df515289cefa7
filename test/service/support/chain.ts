import type { temporal as proto } from '@temporalio/proto';
import type { TemporalTools } from './temporal';

type HistoryEvent = proto.api.history.v1.IHistoryEvent;

/** The histories of all Temporal runs of a run, the first one first. */
export async function chainOf(temporal: TemporalTools, run: string): Promise<HistoryEvent[][]> {
  const chain: HistoryEvent[][] = [];
  for (let next = (await temporal.newest(run)).runId; next !== '';) {
    const events = await temporal.history(run, next);
    chain.unshift(events);
    next = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  }
  return chain;
}
