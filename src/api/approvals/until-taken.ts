import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { isTaskFailing } from '../temporal';

const againMs = 100;
const failingMsMax = 5_000;
const aborted = 10;

/**
 * Sends an update until a run has answered it. One that met a run at the moment of its continue-as-new
 * was not judged; sent again under the same id it reaches the next Temporal run, which knows those ids
 * whose decisions counted. One whose workflow task was not kept, because a timer or a signal came before
 * its end, is forgotten by the server, though it may stand in the ledger: it must come again. Where the
 * run is closed, that is what the next try says; where its tasks fail again and again, that is thrown.
 */
export async function untilTaken<Result>(send: () => Promise<Result>): Promise<Result> {
  const failingUntil = Date.now() + failingMsMax;
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isAborted(error) && !(isTaskFailing(error) && Date.now() < failingUntil)) throw error;
    }
    await sleep(againMs);
  }
}

function isAborted(error: unknown): boolean {
  if (error instanceof WorkflowUpdateFailedError)
    return (
      error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow'
    );
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && (cause.code as number) === aborted;
}
