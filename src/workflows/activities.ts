import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../contract/activities';
import { limits } from '../contract/limits';

// Workers die, gateways restart and databases fail over: none of it is the call's fault, so no count
// of attempts ends it. What the vendor refuses is counted by the gateway and comes back as final.
const patient = { initialInterval: '500 milliseconds', backoffCoefficient: 1 } as const;

const remote = proxyActivities<Activities>({
  scheduleToCloseTimeout: `${String(limits.vendorWaitHours + 1)} hours`,
  heartbeatTimeout: `${String(limits.callHeartbeatSeconds)} seconds`,
  retry: patient,
});
// No schedule-to-close for what must be written: a run waits for its ledger as long as that takes.
const written = proxyActivities<Activities>({ startToCloseTimeout: '30 seconds', retry: patient });
const local = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5 seconds',
  localRetryThreshold: '1 second',
  retry: { ...patient, maximumAttempts: 3 },
});

type Argument<Name extends keyof Activities> = Parameters<Activities[Name]>[0];

export const callModel = (call: Argument<'callModel'>, summary: string) =>
  remote.callModel.executeWithOptions({ summary }, [call]);

export const recallAnswer = (request: Argument<'recallAnswer'>, summary: string) =>
  shortly(
    () => local.recallAnswer.executeWithOptions({ summary }, [request]),
    () => written.recallAnswer.executeWithOptions({ summary }, [request]),
  );

export const openApproval = (request: Argument<'openApproval'>, summary: string) =>
  shortly(
    () => local.openApproval.executeWithOptions({ summary }, [request]),
    () => written.openApproval.executeWithOptions({ summary }, [request]),
  );

export const evaluate = (request: Argument<'evaluate'>, summary: string) =>
  shortly(
    () => local.evaluate.executeWithOptions({ summary }, [request]),
    () => written.evaluate.executeWithOptions({ summary }, [request]),
  );

export const subscribe = (request: Argument<'subscribe'>, summary: string) =>
  shortly(
    () => local.subscribe.executeWithOptions({ summary }, [request]),
    () => written.subscribe.executeWithOptions({ summary }, [request]),
  );

export const takeEvents = (request: Argument<'takeEvents'>, summary: string) =>
  shortly(
    () => local.takeEvents.executeWithOptions({ summary }, [request]),
    () => written.takeEvents.executeWithOptions({ summary }, [request]),
  );

export const emitEvent = (request: Argument<'emitEvent'>, summary: string) =>
  shortly(
    () => local.emitEvent.executeWithOptions({ summary }, [request]),
    () => written.emitEvent.executeWithOptions({ summary }, [request]),
  );

export const noteSlot = (due: Argument<'noteSlot'>, summary: string) =>
  written.noteSlot.executeWithOptions({ summary }, [due]);

export const writeJournal = (request: Argument<'writeJournal'>, summary: string) =>
  shortly(
    () => local.writeJournal.executeWithOptions({ summary }, [request]),
    () => written.writeJournal.executeWithOptions({ summary }, [request]),
  );

export const closeRun = (request: Argument<'closeRun'>, summary: string) =>
  shortly(
    () => local.closeRun.executeWithOptions({ summary }, [request]),
    () => written.closeRun.executeWithOptions({ summary }, [request]),
  );

// State of the workflow: each has the modules of its code to itself.
let takesTurns = false;
let last: Promise<unknown> = Promise.resolve();

/**
 * From here on local activities are carried out one after another. Side by side they end in any order,
 * and at a replay in the one in which they were scheduled: what follows from them would be another.
 */
export function takeTurns(): void {
  takesTurns = true;
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => undefined);
  return turn;
}

/**
 * Short and idempotent work: a local activity, and the same function as a regular one where that
 * fails thrice, because a local activity that retries holds up updates.
 */
async function shortly<T>(here: () => Promise<T>, elsewhere: () => Promise<T>): Promise<T> {
  try {
    return await (takesTurns ? inTurn(here) : here());
  } catch (error) {
    const cause = activityCause(error);
    if (cause === null || isFinal(cause)) throw error;
    return elsewhere();
  }
}

/**
 * Whether a failure stands. A cancellation does where the scope was cancelled: a local activity that waits
 * for its next try is called cancelled, too, when the worker drops its run from memory.
 */
function isFinal(cause: Error): boolean {
  if (cause instanceof CancelledFailure) return CancellationScope.current().consideredCancelled;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

/**
 * What made an activity fail, or null where the error is none of an activity's. A regular activity's
 * failure comes with an `ActivityFailure` around it, a local one's without.
 */
export function activityCause(error: unknown): Error | null {
  if (error instanceof ActivityFailure) return error.cause ?? error;
  return error instanceof ApplicationFailure || error instanceof TimeoutFailure ? error : null;
}
