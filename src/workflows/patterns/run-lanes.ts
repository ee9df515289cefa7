import type { IncompleteCode } from '../../contract/failures';
import type { ParallelNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { isFinished, outputOf, type Outcome, type Stopped, type Unwinding } from '../outcome';
import { pathOf, type Branch, type Scope } from '../scope';
import type { Lane } from './lanes';

/** What a branch is to its fan-out once it has ended. */
export interface Result {
  status: 'completed' | 'failed' | 'timed_out' | 'skipped';
  output: Value;
  error: Value;
  /** Set where the branch is a hole in the result. */
  hole: { code: IncompleteCode; reason: string } | null;
  overBudget: Stopped | null;
}

/** A fan-out that has run. */
export interface Fan {
  /** One for each branch; none for one that was never begun. */
  results: (Result | undefined)[];
  /** It was ended before all branches had run. */
  over: boolean;
  /** What ends the whole step: a rejection, or a stop that belongs further up. */
  unwinding: Unwinding | null;
}

/** Runs branches side by side, so many at a time, until all have ended or the matter is decided. */
export async function runLanes(step: ParallelNode, scope: Scope, lanes: Lane[]): Promise<Fan> {
  const fan: Fan = { results: lanes.map(() => undefined), over: false, unwinding: null };
  const open = new Set<Branch>();
  let next = 0;
  let succeeded = step.group?.succeeded ?? 0;

  function end(reason: string): void {
    fan.over = true;
    for (const branch of open) branch.end(reason);
  }

  async function drive(): Promise<void> {
    while (next < lanes.length && !fan.over) {
      const index = next++;
      const lane = lanes[index];
      if (lane === undefined) return;
      const branch = scope.branch(lane.step, lane.name, {
        names: lane.names,
        handed: scope.handed,
        repeated: !Array.isArray(step.branches),
        ...(step.branchTimeoutMs === undefined ? {} : { branchTimeoutMs: step.branchTimeoutMs }),
      });
      open.add(branch);
      const outcome = await branch.outcome;
      open.delete(branch);
      const result = judgeBranch(step, scope, lane, outcome);
      if (result === null) {
        if (!isFinished(outcome)) fan.unwinding ??= outcome;
        end('another branch ended the step');
        return;
      }
      fan.results[index] = result;
      if (result.status === 'completed') succeeded++;
      if (step.require === 'all' && result.hole !== null) end('a branch that is required failed');
      if (step.cancelRest && step.require !== 'all' && succeeded >= step.require)
        end('enough branches succeeded');
    }
  }
  await Promise.all(Array.from({ length: Math.min(step.concurrency, lanes.length) }, drive));
  return fan;
}

/** What a branch's outcome is to the fan-out; null where the outcome is not its to judge. */
function judgeBranch(step: ParallelNode, scope: Scope, lane: Lane, outcome: Outcome): Result | null {
  const none = { error: nothing, hole: null, overBudget: null };
  if (isFinished(outcome)) {
    const status = outcome.type === 'skipped' ? 'skipped' : 'completed';
    return { ...none, status, output: outputOf(outcome) };
  }
  if (outcome.type === 'rejected') return null;
  if (outcome.type === 'failed') {
    const { code, message } = outcome.error;
    return {
      status: outcome.status,
      output: nothing,
      error: { inline: { code, message } },
      hole: { code: 'branch_failed', reason: `${code}: ${message}` },
      overBudget: null,
    };
  }
  const path = pathOf(scope.path, lane.name);
  if (outcome.cause === 'ended' && outcome.owner === path)
    return { ...none, status: 'skipped', output: nothing };
  if (outcome.cause === 'branch_time' && outcome.owner === path) {
    const output = step.onLate === 'partial' ? outcome.value : nothing;
    const error = { inline: { code: 'branch_timeout', message: outcome.reason } };
    return {
      status: 'timed_out',
      output,
      error,
      hole: { code: 'branch_timeout', reason: outcome.reason },
      overBudget: null,
    };
  }
  if (outcome.cause === 'budget') {
    const error = { inline: { code: 'budget_exceeded', message: outcome.reason } };
    return {
      status: 'failed',
      output: nothing,
      error,
      hole: { code: 'budget_exceeded', reason: outcome.reason },
      overBudget: outcome,
    };
  }
  return null;
}
