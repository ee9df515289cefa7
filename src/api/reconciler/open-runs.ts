import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { noteChecked, readDueRuns, stallRun, unstallRun, type KnownRun } from '../../ledger/open-runs';
import { requestCancel } from '../../ledger/runs';
import type { Service } from '../service';
import { compare } from './compare';
import { closedByNoWorker, endLost } from './endings';
import { findTrouble, type FoundTrouble } from './family';
import { lastTaskFailure, workerPolls } from './workers';

const due = { workingSeconds: 10, waitingSeconds: 60 };
/** Looks a round: ten a second, and more while no worker is there to be kept from its work. */
const looksMax = { usual: 20, unserved: 100 };
/** How long a task must be seen to lie there, by this process's own clock. */
const suspicionMs = 4_000;
const lostAfterSeconds = 60;
/** A cancelled run whose worker has not closed it by then is closed without one. */
const cancelSeconds = { untaken: 8, any: 30 };

/** Tasks that lay there when they were last looked at, by run, and since when. */
type Suspects = Map<string, { task: string; since: number }>;

/** Looks at open runs in Temporal, some in each round, and says in the ledger how they stand. */
export function createOpenRunCheck(
  service: Service,
  log: FastifyBaseLogger,
): (isHolder: () => boolean) => Promise<void> {
  const { database } = service;
  const suspects: Suspects = new Map();
  let unserved = false;

  return async function checkOpenRuns(isHolder) {
    const limit = unserved ? looksMax.unserved : looksMax.usual;
    const checked: string[] = [];
    const missing: string[] = [];
    let asked: Promise<boolean> | undefined;
    const polls = () => (asked ??= workerPolls(service));
    for (const run of await readDueRuns(database, { ...due, limit })) {
      if (!isHolder()) return;
      const newest = await compare(service, log, run);
      if (newest === null) {
        missing.push(run.id);
        if ((run.missingFor ?? 0) > lostAfterSeconds) await endLost(service, log, run);
      }
      if (newest?.status.name !== 'RUNNING' || run.temporalRun !== newest.runId) suspects.delete(run.id);
      else await lookAt(service, log, { run, newest, polls, suspects });
      // Who is under suspicion is looked at again in the next round.
      if (!suspects.has(run.id)) checked.push(run.id);
    }
    unserved = asked !== undefined && !(await asked);
    if (checked.length > 0) await noteChecked(database, checked, missing);
  };
}

interface Look {
  run: KnownRun;
  newest: WorkflowExecutionDescription;
  /** Whether any worker has asked for tasks lately. */
  polls: () => Promise<boolean>;
  suspects: Suspects;
}

async function lookAt(service: Service, log: FastifyBaseLogger, look: Look): Promise<void> {
  const { run, newest } = look;
  const { database } = service;
  if (newest.raw.workflowExtendedInfo?.cancelRequested === true && !run.cancelRequested) {
    // Asked for with Temporal's own tools: nothing more is paid for from here on.
    await requestCancel(database, run, null);
    await service.gateways.cancel(run.tenant, run.id);
  }
  if (await isLeftCancelled(service, run, newest)) {
    log.info({ run: run.id }, 'terminated a cancelled run that no worker closed');
    await compare(service, log, run);
    return;
  }
  const found = await findTrouble(service, newest);
  const reason = await stallReason(service, look, found);
  if (reason !== null) {
    if (await stallRun(database, run, reason)) log.warn({ run: run.id, reason }, 'a run is stalled');
  } else if (run.status === 'stalled' && found === null && (await unstallRun(database, run))) {
    log.info({ run: run.id }, 'a stalled run goes on');
  }
}

async function stallReason(
  service: Service,
  { run, polls, suspects }: Look,
  found: FoundTrouble | null,
): Promise<string | null> {
  if (found?.trouble.type !== 'untaken') suspects.delete(run.id);
  if (found === null) return null;
  const { trouble, workflowId, runId } = found;
  const queue = service.temporal.taskQueue;
  if (trouble.type === 'failing') {
    const failure = await lastTaskFailure(service, workflowId, runId);
    if (failure !== null)
      return `Its workflow task fails: ${failure.replace(/\.?$/, '.')} A worker whose code fits the run lets it go on.`;
    return (await polls()) ? silent(queue) : nobody(queue);
  }
  const task = `${workflowId} ${trouble.task}`;
  const known = suspects.get(run.id);
  const since = known?.task === task ? known.since : performance.now();
  suspects.set(run.id, { task, since });
  if (performance.now() - since < suspicionMs && run.status !== 'stalled') return null;
  return (await polls()) ? null : nobody(queue);
}

const nobody = (queue: string) =>
  `No worker takes the tasks of the queue ${queue}: start one, or look at why those that run take none.`;
const silent = (queue: string) =>
  `A worker of the queue ${queue} takes its tasks and does not end them: it may be frozen or die of them. Look at it, or start another.`;

/** Ends a workflow that was cancelled long enough ago. What it had to do was to say so. */
async function isLeftCancelled(
  { temporal }: Service,
  run: KnownRun,
  newest: WorkflowExecutionDescription,
): Promise<boolean> {
  if (run.cancelledFor === null) return false;
  const hasTask = newest.raw.pendingWorkflowTask != null;
  if (run.cancelledFor < (hasTask ? cancelSeconds.untaken : cancelSeconds.any)) return false;
  await temporal.client.workflow.getHandle(run.id, newest.runId).terminate(closedByNoWorker);
  return true;
}
