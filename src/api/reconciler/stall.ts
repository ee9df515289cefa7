import type { WorkflowExecutionDescription } from '@temporalio/client';

type Raw = WorkflowExecutionDescription['raw'];
type Activity = NonNullable<Raw['pendingActivities']>[number];
type Time = Activity['scheduledTime'];

/** Attempts of one task after which trying again doesn't get it done. */
const attemptsMin = 3;
const patienceMs = 10_000;

/** What keeps a workflow from going on, as far as its description tells. */
export type Trouble =
  /** Workers take its task and fail at it, or die of it. */
  | { type: 'failing'; attempts: number }
  /** A task of it or of one of its activities lies there; `task` tells one from the next. */
  | { type: 'untaken'; task: string };

/** Null where the workflow goes on, or waits for something that no worker owes it. */
export function troubleOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>, now: number): Trouble | null {
  const task = raw.pendingWorkflowTask;
  if (task != null) {
    const attempts = task.attempt ?? 0;
    if (attempts >= attemptsMin) return { type: 'failing', attempts };
    const since = millisecondsOf(task.scheduledTime);
    if (now - since > patienceMs) return { type: 'untaken', task: `workflow ${String(since)}` };
  }
  for (const activity of raw.pendingActivities ?? []) {
    const trouble = activityTrouble(activity, now);
    if (trouble !== null) return trouble;
  }
  return null;
}

function activityTrouble(activity: Activity, now: number): Trouble | null {
  const name = `activity ${activity.activityId ?? ''}`;
  // Its workers took it again and again and fell silent every time.
  const isSilent = now - millisecondsOf(activity.lastHeartbeatTime, 0) > patienceMs;
  const timedOut = activity.lastFailure?.timeoutFailureInfo != null;
  if (timedOut && isSilent && (activity.attempt ?? 0) >= attemptsMin)
    return { type: 'untaken', task: `${name} silent` };
  const due = millisecondsOf(activity.nextAttemptScheduleTime ?? activity.scheduledTime);
  const isStarted = millisecondsOf(activity.lastStartedTime, 0) >= due;
  return !isStarted && now - due > patienceMs ? { type: 'untaken', task: `${name} ${String(due)}` } : null;
}

/** Milliseconds since 1970; a time that isn't there is far ahead unless `missing` says otherwise. */
export function millisecondsOf(time: Time, missing = Infinity): number {
  return time == null ? missing : Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}
