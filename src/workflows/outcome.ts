import type { IncompleteCode, StepError } from '../contract/failures';
import type { Value } from '../contract/value';
import { nothing } from '../contract/value';
import type { FinishedOutcome } from '../contract/workflow';

/**
 * What became of a step. Only a finished outcome lets the next step begin; the others unwind, and on
 * the way each pattern replaces `value` by what it has, so that what was made is never lost.
 */
export type Outcome = FinishedOutcome | Unwinding;
export type Unwinding = Failed | Stopped | Rejected;

/** Goes up to the first `onFailure` that says something else. */
export interface Failed {
  type: 'failed';
  status: 'failed' | 'timed_out';
  error: StepError;
  value: Value;
}

/** Goes up to the step `owner`, whose limit, time or sibling ended the work. No failure. */
export interface Stopped {
  type: 'stopped';
  cause: 'budget' | 'limit_time' | 'step_time' | 'branch_time' | 'ended';
  owner: string;
  /** Where the work stood when it was stopped. */
  step: string;
  reason: string;
  value: Value;
}

/** A person said no. Goes up to the root, past every `onFailure`. */
export interface Rejected {
  type: 'rejected';
  by: string;
  step: string;
  comment: string | null;
  value: Value;
}

export type Finished = FinishedOutcome;

export function isFinished(outcome: Outcome): outcome is Finished {
  return outcome.type === 'completed' || outcome.type === 'incomplete' || outcome.type === 'skipped';
}

/** The output of a finished step; a skipped one's is null. */
export function outputOf(outcome: Finished): Value {
  return outcome.type === 'skipped' ? nothing : outcome.value;
}

export function completed(value: Value, decision?: Value): Outcome {
  return decision === undefined ? { type: 'completed', value } : { type: 'completed', value, decision };
}

export function incomplete(code: IncompleteCode, reason: string, value: Value): Outcome {
  return { type: 'incomplete', code, reason, value };
}

export function failed(step: string, code: string, message: string): Failed {
  return {
    type: 'failed',
    status: 'failed',
    error: { code, message, step, retryable: true },
    value: nothing,
  };
}
