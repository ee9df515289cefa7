import type { Block } from '../../contract/activities';
import type { ParallelNode, StepNode } from '../../contract/skeleton';
import { completed, failed, type Outcome, type Unwinding } from '../outcome';
import type { Scope } from '../scope';
import { carryOut, type Fanned, type Tally } from './fanned';
import { carryOutInGroups, groupOutcome } from './groups';
import { lanesOf } from './lanes';

/**
 * Fan-out and fan-in: runs the branches side by side, so many at a time, puts a placeholder where one
 * failed, in the order written, and reduces. What must succeed is judged by `require`. More branches
 * than one workflow carries out are run in groups.
 */
export async function parallel(step: ParallelNode, scope: Scope): Promise<Outcome> {
  const lanes = await lanesOf(step, scope);
  const { group } = step;
  if (group !== undefined)
    return groupOutcome(step, await carryOut(step, scope, lanes.slice(group.from, group.to)));
  const groups = scope.groups(lanes.count);
  const fanned =
    groups.length === 0
      ? await carryOut(step, scope, lanes.slice(0, lanes.count))
      : await carryOutInGroups(step, scope, { lanes, groups });
  const { value, tally, unwinding } = fanned;
  if (unwinding !== null) return { ...unwinding, value };
  const missed = requireMissed(step, scope, tally);
  if (missed !== null) return { ...missed, value };
  if (step.reduce === undefined) return completed(value);
  return reduce(step.reduce, scope, fanned);
}

function requireMissed(step: ParallelNode, scope: Scope, tally: Tally): Unwinding | null {
  const { count, succeeded, overBudget } = tally;
  const wanted = wantedOf(step, tally);
  if (succeeded >= wanted) return null;
  if (overBudget !== null) return overBudget;
  const message = `${String(succeeded)} of ${String(count)} branches succeeded; ${String(wanted)} must.`;
  return failed(scope.path, 'require_missed', message);
}

/** How many branches must succeed. */
function wantedOf({ require, shortMisses }: ParallelNode, { count, skipped }: Tally): number {
  // A branch that its own condition skipped is neither a success nor a failure, and of an empty list
  // nothing can be missed.
  const judged = count - skipped;
  if (require === 'all') return judged;
  // A list may have fewer items than must succeed.
  const isShort = shortMisses === true && count > 0 && count < require;
  return isShort ? require : Math.min(require, judged);
}

async function reduce(step: StepNode, scope: Scope, fanned: Fanned): Promise<Outcome> {
  const branches = await fanned.branches();
  const handed: Block[] = [{ name: 'branches', value: branches }];
  return scope.run(step, 'reduce', { names: { branches, previous: branches }, handed });
}
