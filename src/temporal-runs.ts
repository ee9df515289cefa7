import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Database } from './ledger/database';
import { takeUp, type TemporalRun } from './ledger/temporal-runs';

/** A run whose newest Temporal run the ledger may not know. */
interface Followed {
  tenant: string;
  run: string;
  /** The newest that the ledger knows; null where it knows none. */
  known: string | null;
}

/**
 * Asks Temporal for a run's newest execution and has the ledger take it up where it is another than
 * the one that is known: after a continue-as-new, or after a reset, which opens the run again. API and
 * workers do the same, whoever notices first.
 */
export async function followTemporal(
  client: Client,
  database: Database,
  { tenant, run, known }: Followed,
): Promise<WorkflowExecutionDescription> {
  const newest = await client.workflow.getHandle(run).describe();
  if (newest.runId !== known) {
    const chain = await readChain(client, { workflow: run, newest: newest.runId, known });
    await takeUp(database, { tenant, run, from: known, chain });
  }
  return newest;
}

/** The Temporal runs after the known one, the newest last; back to the newest reset at most. */
async function readChain(
  client: Client,
  { workflow, newest, known }: { workflow: string; newest: string; known: string | null },
): Promise<TemporalRun[]> {
  const chain: TemporalRun[] = [];
  for (let id = newest; ;) {
    const { original, before } = await readOrigin(client, workflow, id);
    // A reset copies the first event of what it replaces, with the name of the execution it was made for.
    if (original !== id)
      return [{ id, origin: 'reset', base: await readBase(client, workflow, id) }, ...chain];
    if (before === '') return [{ id, origin: 'started', base: null }, ...chain];
    chain.unshift({ id, origin: 'continued', base: before });
    if (before === known) return chain;
    id = before;
  }
}

/** The execution that was reset: the event at the point of the reset names it. */
async function readBase(client: Client, workflowId: string, runId: string): Promise<string | null> {
  for (let page: Uint8Array | undefined; ;) {
    const { history, nextPageToken } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      ...(page === undefined ? {} : { nextPageToken: page }),
    });
    for (const { workflowTaskFailedEventAttributes: failed } of history?.events ?? [])
      if (failed?.newRunId === runId) return failed.baseRunId ?? null;
    if (nextPageToken.length === 0) return null;
    page = nextPageToken;
  }
}

async function readOrigin(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<{ original: string; before: string }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  if (started == null)
    throw new Error(`The history of ${workflowId}, ${runId}, doesn't begin with its start.`);
  const { originalExecutionRunId, continuedExecutionRunId } = started;
  return { original: originalExecutionRunId ?? runId, before: continuedExecutionRunId ?? '' };
}
