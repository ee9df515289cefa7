import type { FastifyBaseLogger } from 'fastify';
import { isDatabaseAway } from '../../ledger/database-away';
import { readUnstarted } from '../../ledger/runs';
import { frozenStart } from '../runs/start-run';
import { cancelWorkflow, startWorkflow } from '../runs/workflow-start';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';

const startsMax = 50;

/** Starts what was accepted but not started, because Temporal was away or an API process died. */
export async function startPendingRuns(
  service: Service,
  log: FastifyBaseLogger,
  olderThanSeconds: number,
): Promise<void> {
  for (const row of await readUnstarted(service.database, { olderThanSeconds, limit: startsMax })) {
    try {
      await startWorkflow(service, row, await frozenStart(service, row));
      if (row.cancelRequested) await cancelWorkflow(service.temporal, row.id, '');
      log.info({ run: row.id }, 'started a run that was left');
    } catch (error) {
      if (isTemporalAway(error) || isDatabaseAway(error)) throw error;
      // One run that can't be started must not keep the others waiting.
      log.error({ err: error, run: row.id }, 'a run could not be started');
    }
  }
}
