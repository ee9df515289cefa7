import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { FailureType, type StepError } from '../contract/failures';
import { nothing, type Value } from '../contract/value';
import type { RunEnd, RunSummary } from '../contract/workflow';
import { activityCause, evaluate } from './activities';
import type { Node } from './node';
import type { Outcome } from './outcome';
import { noteIncomplete, type RunState } from './run-state';
import { startStep } from './step';

/** How a run has ended. */
export interface End {
  summary: RunSummary;
  reason: string | null;
  cancelled?: unknown;
}

/** Runs the flow and answers how it ended. Throws only what is a bug. */
export async function work(state: RunState, root: Node): Promise<End> {
  const { timeoutMs } = state.skeleton.limits;
  try {
    const before = root.progress.inside.get('root');
    const running = startStep(state, root, state.skeleton.flow, 'root', {});
    // Where an earlier Temporal run has begun the flow, what it has left of the time counts.
    const left = before === undefined ? { ms: timeoutMs ?? 0, since: null } : root.progress.left.run;
    if (timeoutMs != null && left !== undefined) {
      root.clock.limit('run', left, () => {
        running.end('limit_time', `The run took longer than ${String(timeoutMs / 1000)} s.`, 'run');
      });
    }
    const outcome = await running.outcome;
    state.over = true;
    const end = endOf(state, outcome);
    return state.skeleton.checksOutput ? await checkOutput(state, end) : end;
  } catch (error) {
    state.over = true;
    if (!isCancellation(error)) return failedBy(state, error);
    return { ...ended(state, 'cancelled', nothing), reason: 'Cancelled.', cancelled: error };
  } finally {
    root.clock.close();
  }
}

/** The end of a run that an activity failed outside of every step. Throws what is none of an activity's: a bug. */
export function failedBy(state: RunState, error: unknown): End {
  const cause = activityCause(error);
  if (cause === null) throw error;
  const code = cause instanceof ApplicationFailure ? cause.type : null;
  const message = cause instanceof ApplicationFailure ? cause.message : 'The run could not be carried on.';
  return ended(state, 'failed', nothing, {
    code: code ?? FailureType.vendorUnavailable,
    message,
    step: 'root',
    retryable: true,
  });
}

function ended(state: RunState, status: RunEnd, output: Value, error: StepError | null = null): End {
  return { summary: { status, output, incomplete: state.incomplete, error }, reason: error?.message ?? null };
}

function endOf(state: RunState, outcome: Outcome): End {
  switch (outcome.type) {
    case 'failed':
      return ended(state, 'failed', outcome.value, outcome.error);
    case 'rejected': {
      const comment = outcome.comment === null ? '' : `: ${outcome.comment}`;
      return {
        ...ended(state, 'rejected', outcome.value),
        reason: `Rejected by ${outcome.by} at ${outcome.step}${comment}`,
      };
    }
    case 'stopped': {
      const { reason, step, value } = outcome;
      if (state.skeleton.limits.onExceeded === 'fail') {
        return ended(state, 'failed', value, {
          code: 'budget_exceeded',
          message: reason,
          step,
          retryable: true,
        });
      }
      noteIncomplete(state, step, 'budget_exceeded', reason);
      return { ...ended(state, 'partial', value), reason };
    }
    case 'skipped':
      return ended(state, 'completed', nothing);
    case 'completed':
    case 'incomplete':
      return ended(state, state.incomplete.length === 0 ? 'completed' : 'partial', outcome.value);
  }
}

async function checkOutput(state: RunState, end: End): Promise<End> {
  const { status, output } = end.summary;
  if (status !== 'completed' && status !== 'partial') return end;
  try {
    await evaluate({ run: state.reference, path: 'root', type: 'output', value: output }, 'check the output');
    return end;
  } catch (error) {
    const cause = activityCause(error);
    if (!(cause instanceof ApplicationFailure)) throw error;
    return ended(state, 'failed', output, failureOf(cause));
  }
}

function failureOf({ type, message }: ApplicationFailure): StepError {
  return { code: type ?? 'invalid_output', message, step: 'root', retryable: true };
}
