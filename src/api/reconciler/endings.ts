import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { ApplicationFailure, rootCause } from '@temporalio/common';
import type { FastifyBaseLogger } from 'fastify';
import { FailureType } from '../../contract/failures';
import { nothing } from '../../contract/value';
import type { RunSummary } from '../../contract/workflow';
import { hasOpenCalls } from '../../ledger/calls';
import { idsOfChildren } from '../../ledger/children';
import type { KnownRun } from '../../ledger/open-runs';
import { endRun, stopCalls, type Ending } from '../../ledger/run-endings';
import type { Service } from '../service';

/** Why the service itself terminates a workflow. */
export const closedByNoWorker = 'Cancelled, and no worker has closed it in time.';

const readMsMax = 5_000;
const callsEndMsMax = 2_000;
const lookEveryMs = 50;

/**
 * Ends a run in the ledger whose workflow is over in Temporal without having written so: terminated,
 * timed out, or ended while the ledger was lost. Its calls are ended first, since what they cost
 * belongs into its last figures.
 */
export async function endLikeTemporal(
  service: Service,
  log: FastifyBaseLogger,
  { run, newest }: { run: KnownRun; newest: WorkflowExecutionDescription },
): Promise<void> {
  const ending = await endingOf(service, run, newest);
  await endInLedger(service, log, { run, temporalRun: newest.runId, ending });
}

/** Ends a run whose workflow Temporal no longer has. */
export async function endLost(service: Service, log: FastifyBaseLogger, run: KnownRun): Promise<void> {
  const message = 'Temporal no longer has the workflow of this run: it was deleted before it had ended.';
  const ending = run.cancelledFor === null ? failed(FailureType.workflowLost, message) : cancelled(message);
  await endInLedger(service, log, { run, temporalRun: run.temporalRun, ending });
}

/** The children of a workflow that is over without having ended them: nobody waits for them any more. */
async function endChildren({ database, temporal }: Service, { tenant, id }: KnownRun): Promise<void> {
  for (const workflowId of await idsOfChildren(database, tenant, id)) {
    const handle = temporal.client.workflow.getHandle(workflowId);
    try {
      await temporal.within(readMsMax, () => handle.terminate('The run that it belongs to is over.'));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

async function endInLedger(
  service: Service,
  log: FastifyBaseLogger,
  { run, temporalRun, ending }: { run: KnownRun; temporalRun: string | null; ending: Ending },
): Promise<void> {
  const { database, gateways } = service;
  const ended = { tenant: run.tenant, run: run.id, temporalRun };
  await endChildren(service, run);
  await stopCalls(database, ended);
  await gateways.cancel(run.tenant, run.id);
  for (
    let waited = 0;
    waited < callsEndMsMax && (await hasOpenCalls(database, run.tenant, run.id));
    waited += lookEveryMs
  ) {
    await sleep(lookEveryMs);
  }
  if (await endRun(database, ended, ending))
    log.info({ run: run.id, status: ending.status, reason: ending.reason }, 'ended a run like Temporal');
}

async function endingOf(
  service: Service,
  run: KnownRun,
  { runId, status }: WorkflowExecutionDescription,
): Promise<Ending> {
  switch (status.name) {
    case 'TERMINATED': {
      const message = await terminationOf(service, run.id, runId);
      // Who had it cancelled before gets what was asked for.
      return run.cancelledFor === null ? failed(FailureType.terminated, message) : cancelled(message);
    }
    case 'TIMED_OUT':
      return failed(FailureType.timedOut, 'The workflow reached its time limit in Temporal.');
    case 'CANCELLED':
      return cancelled('Cancelled.');
    default:
      return asReturned(service, run.id, runId);
  }
}

/** Who terminated an execution and why, as far as Temporal tells. */
async function terminationOf({ temporal }: Service, workflowId: string, runId: string): Promise<string> {
  const { history } = await temporal.within(readMsMax, () =>
    temporal.client.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: temporal.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    }),
  );
  const { identity, reason } = history?.events?.[0]?.workflowExecutionTerminatedEventAttributes ?? {};
  if (reason === closedByNoWorker) return reason;
  const who = identity == null || identity === '' ? '' : ` by ${identity}`;
  return `Terminated in Temporal${who}${reason == null || reason === '' ? '.' : `: ${reason}`}`;
}

/** What the workflow returned, or threw with its failure: it ended as it should, and the ledger has lost that. */
async function asReturned({ temporal }: Service, workflowId: string, runId: string): Promise<Ending> {
  const handle = temporal.client.workflow.getHandle(workflowId, runId, { followRuns: false });
  try {
    const summary: unknown = await temporal.within(readMsMax, () => handle.result());
    return asSummed(summary) ?? failed(FailureType.workflowFailed, 'The workflow ended without a result.');
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) return workflowFailed(rootCause(cause) ?? error.message);
    return asSummed(cause.details?.[0]) ?? workflowFailed(cause.message);
  }
}

function asSummed(result: unknown): Ending | null {
  if (typeof result !== 'object' || result === null || !('status' in result)) return null;
  // Nothing but the workflow's own summary has a status.
  const summary = result as RunSummary;
  return { ...nothingMade, ...summary, reason: summary.error?.message ?? null };
}

const nothingMade = { output: nothing, incomplete: [], error: null };

function failed(code: string, message: string): Ending {
  const error = { code, message, step: 'root', retryable: true };
  return { ...nothingMade, status: 'failed', error, reason: message };
}

const workflowFailed = (why: string): Ending =>
  failed(FailureType.workflowFailed, `The workflow failed: ${why}`);

function cancelled(reason: string): Ending {
  return { ...nothingMade, status: 'cancelled', reason };
}
