import type { Budget } from '../contract/activities';
import type { Incomplete, IncompleteCode } from '../contract/failures';
import type { Usage } from '../contract/usage';
import type { Skeleton } from '../contract/skeleton';
import type { Value } from '../contract/value';
import type { Memo, RunReference, StepView } from '../contract/workflow';
import type { Approvals } from './approvals';
import type { Journal } from './journal';

/** What all steps of a run share. */
export interface RunState {
  reference: RunReference;
  skeleton: Skeleton;
  input: Value;
  startedAt: string;
  temporalRun: string;
  workflowId: string;
  journal: Journal;
  approvals: Approvals;
  /** Finished steps by path: a map, since `constructor` is a name like any other. */
  memo: Map<string, Memo[string]>;
  /** Counts finished steps: each makes a new version of the state. */
  stateVersion: number;
  incomplete: Incomplete[];
  usage: Usage;
  steps: Map<string, StepView>;
  /** How often people were asked at a path. */
  askings: Map<string, number>;
  runBudget: Budget;
}

/** Notes a hole. What was noted below it says no more: a hole is one entry, with its cause. */
export function noteIncomplete(run: RunState, step: string, code: IncompleteCode, reason: string): void {
  run.incomplete = run.incomplete.filter(
    (entry) => entry.step !== step && !entry.step.startsWith(`${step}.`),
  );
  run.incomplete.push({ step, code, reason });
}
