import type { FastifyBaseLogger } from 'fastify';
import { forgetAnswers } from '../../ledger/answers';
import { forgetExpired } from '../../ledger/idempotency';
import { forgetSlots } from '../../ledger/schedule-slots';
import { createCourier } from '../deliveries/courier';
import { startDue } from '../schedules/start-due';
import { tellTemporal } from '../schedules/tell-temporal';
import type { Service } from '../service';
import { compareChanged } from './changes';
import { createLease } from './lease';
import { createOpenRunCheck } from './open-runs';
import { startPendingRuns } from './pending-starts';
import { storeHistories } from './stored-histories';

export interface ReconcilerOptions {
  everyMs?: number;
  leaseSeconds?: number;
  /** Younger runs may still be on their way in the request that accepted them. */
  startsOlderThanSeconds?: number;
  /** And younger events in the request that brought them. */
  eventsOlderThanSeconds?: number;
}

const leaseName = 'reconciler';
const forgetEveryMs = 600_000;

/**
 * Keeps the ledger true to Temporal: starts what was left and what the clock says, takes up what was
 * reset, ends what was terminated, names what is stalled, stores histories and delivers the events of
 * plans. Of all API processes the holder of a lease does it; another takes over when that one is gone.
 * A task that fails is tried again in the next round and holds up none of the others.
 */
export function startReconciler(
  service: Service,
  log: FastifyBaseLogger,
  {
    everyMs = 2_000,
    leaseSeconds = 10,
    startsOlderThanSeconds = 10,
    eventsOlderThanSeconds = 5,
  }: ReconcilerOptions = {},
): { stop(): Promise<void> } {
  const { database } = service;
  const checkOpenRuns = createOpenRunCheck(service, log);
  const lease = createLease(database, { name: leaseName, seconds: leaseSeconds });
  let rounds = 0;
  let stopping = false;
  const isHolder = () => !stopping && lease.isHolder();

  const tasks: { [name: string]: () => Promise<void> } = {
    starts: () => startPendingRuns(service, log, startsOlderThanSeconds),
    schedules: () => tellTemporal(service, log),
    'scheduled runs': () => startDue(service, log),
    changes: () => compareChanged(service, log, { round: rounds, isHolder }),
    'open runs': () => checkOpenRuns(isHolder),
    histories: () => storeHistories(service, log, isHolder),
    'what is kept no longer': createForgetting(database),
  };

  async function work(): Promise<void> {
    await lease.renew();
    for (const [name, task] of Object.entries(tasks)) {
      if (!isHolder()) return;
      await task().catch((error: unknown) => {
        log.warn({ err: error, task: name }, 'a part of the reconciliation failed');
      });
    }
    rounds++;
  }

  const attempt = (): Promise<void> =>
    work().catch((error: unknown) => {
      log.warn({ err: error }, 'the ledger could not be reconciled with Temporal');
    });
  let timer: NodeJS.Timeout;
  let round = Promise.resolve();
  const next = (): void => {
    round = attempt().then(() => {
      if (!stopping) timer = setTimeout(next, everyMs);
    });
  };
  timer = setTimeout(next, 0);
  // Apart from the rounds: events of plans are waited for.
  const courier = createCourier(service, log, { olderThanSeconds: eventsOlderThanSeconds, isHolder });
  // And so is the lease: a long round must not lose it half way.
  const renewal = setInterval(() => {
    if (isHolder()) lease.renew().catch(() => undefined);
  }, everyMs);
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      clearInterval(renewal);
      await Promise.all([round, courier.stop()]);
      await lease.giveBack().catch(() => undefined);
    },
  };
}

/** Forgets idempotency keys, times of schedules and answers now and then. */
function createForgetting(database: Service['database']): () => Promise<void> {
  let forgottenAt = 0;
  return async () => {
    if (Date.now() - forgottenAt < forgetEveryMs) return;
    await forgetExpired(database);
    await forgetSlots(database);
    await forgetAnswers(database);
    forgottenAt = Date.now();
  };
}
