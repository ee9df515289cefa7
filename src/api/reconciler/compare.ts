import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { stateQuery } from '../../contract/messages';
import { readKnownRuns, type KnownRun } from '../../ledger/open-runs';
import { supersede } from '../../ledger/supersede';
import { followTemporal } from '../../temporal-runs';
import type { Service } from '../service';
import { endLikeTemporal } from './endings';

const describeMsMax = 5_000;
const queryMsMax = 3_000;

/**
 * Makes one run in the ledger what Temporal says it is: taken up by a newer execution, open again
 * after a reset, or over. Answers how Temporal describes it; null where Temporal has no such workflow,
 * which changes nothing here.
 */
export async function compare(
  service: Service,
  log: FastifyBaseLogger,
  run: KnownRun,
): Promise<WorkflowExecutionDescription | null> {
  const newest = await describe(service, run);
  if (newest === null) return null;
  const now =
    newest.runId === run.temporalRun ? run : ((await readKnownRuns(service.database, [run.id]))[0] ?? run);
  if (now !== run)
    log.info(
      { run: run.id, from: run.temporalRun, to: newest.runId, reset: now.resetPending },
      'took up a Temporal run',
    );
  if (now.temporalRun !== newest.runId) return newest;
  if (newest.status.name !== 'RUNNING') {
    if (!now.closed) await endLikeTemporal(service, log, { run: now, newest });
  } else if (now.resetPending) await settleReset(service, log, now, newest.runId);
  return newest;
}

async function describe(
  { database, temporal }: Service,
  run: KnownRun,
): Promise<WorkflowExecutionDescription | null> {
  const { tenant, id, temporalRun } = run;
  try {
    return await temporal.within(describeMsMax, () =>
      followTemporal(temporal.client, database, { tenant, run: id, known: temporalRun }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/**
 * Asks the workflow up to which entry it knows its journal to be written, and takes back the rest:
 * one that waits for a person right after a reset may write nothing for months.
 */
async function settleReset(
  { database, temporal }: Service,
  log: FastifyBaseLogger,
  { tenant, id }: KnownRun,
  temporalRun: string,
): Promise<void> {
  try {
    const { written } = await temporal.within(queryMsMax, () =>
      temporal.client.workflow.getHandle(id, temporalRun).query(stateQuery),
    );
    if (written !== undefined) await supersede(database, { tenant, run: id, temporalRun, written });
  } catch (error) {
    // Without a worker nobody knows yet. The next round asks again, and the next entries say it, too.
    log.debug({ err: error, run: id }, 'a reset is not settled yet');
  }
}
