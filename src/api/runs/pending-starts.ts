import { randomUUID } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { isDatabaseAway } from '../../ledger/database-away';
import { forgetExpired } from '../../ledger/idempotency';
import { takeLease } from '../../ledger/leases';
import { readUnstarted } from '../../ledger/runs';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';
import { frozenStart } from './start-run';
import { cancelWorkflow, startWorkflow } from './workflow-start';

const usuallyEveryMs = 5_000;
const leaseSeconds = 15;
const forgetEveryMs = 600_000;
const batch = 50;
/** Younger ones may still be on their way in the request that accepted them. */
const youngestSeconds = 10;

/**
 * Starts what was accepted but not started, because Temporal was away or an API process died. One
 * process at a time does it.
 */
export function startPendingRuns(
  service: Service,
  log: FastifyBaseLogger,
  { olderThanSeconds = youngestSeconds, everyMs = usuallyEveryMs } = {},
): { stop(): Promise<void> } {
  const owner = randomUUID();
  let forgottenAt = 0;
  let round: Promise<void> = Promise.resolve();

  async function once(): Promise<void> {
    if (!(await takeLease(service.database, { name: 'pending-starts', owner, seconds: leaseSeconds })))
      return;
    for (const row of await readUnstarted(service.database, { olderThanSeconds, limit: batch })) {
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
    if (Date.now() - forgottenAt < forgetEveryMs) return;
    await forgetExpired(service.database);
    forgottenAt = Date.now();
  }

  const timer = setInterval(() => {
    const before = round;
    round = before.then(once).catch((error: unknown) => {
      log.warn({ err: error }, 'runs that wait for their start could not be started');
    });
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
