import type { Block, Names } from '../../contract/activities';
import type { IncompleteCode } from '../../contract/failures';
import type { ParallelNode, StepNode } from '../../contract/skeleton';
import { isNothing, nothing, type Value } from '../../contract/value';
import {
  completed,
  failed,
  isFinished,
  outputOf,
  type Outcome,
  type Stopped,
  type Unwinding,
} from '../outcome';
import { pathOf, type Branch, type Scope } from '../scope';

interface Lane {
  name: string;
  step: StepNode;
  names: Names;
  item: Value;
}

interface Result {
  status: 'completed' | 'failed' | 'timed_out' | 'skipped';
  output: Value;
  error: Value;
  /** Set where the branch is a hole in the result. */
  hole: { code: IncompleteCode; reason: string } | null;
  overBudget: Stopped | null;
}

/**
 * Fan-out and fan-in: runs the branches side by side, so many at a time, puts a placeholder where one
 * failed, in the order written, and reduces. What must succeed is judged by `require`.
 */
export async function parallel(step: ParallelNode, scope: Scope): Promise<Outcome> {
  const lanes = await listLanes(step, scope);
  const fan = await runLanes(step, scope, lanes);
  const outputs = await withPlaceholders(step, scope, { lanes, results: fan.results });
  const value = await gather(step, scope, { lanes, outputs });
  if (fan.unwinding !== null) return { ...fan.unwinding, value };
  for (const [index, lane] of lanes.entries()) {
    const hole = fan.results[index]?.hole;
    if (hole) scope.note(pathOf(scope.path, lane.name), hole.code, hole.reason);
  }
  const missed = requireMissed(step, scope, fan.results);
  if (missed !== null) return { ...missed, value };
  if (step.reduce === undefined) return completed(value);
  return reduce(step.reduce, scope, { lanes, outputs, results: fan.results });
}

async function listLanes(step: ParallelNode, scope: Scope): Promise<Lane[]> {
  if (Array.isArray(step.branches)) {
    return step.branches.map(({ name, step: child }) => ({ name, step: child, names: {}, item: nothing }));
  }
  const { as, step: child } = step.branches;
  const items = await scope.list(step.branches.forEach);
  return items.map((item, index) => ({
    name: String(index),
    step: child,
    names: { [as]: item, item, index: { inline: index } },
    item,
  }));
}

interface Fan {
  results: (Result | undefined)[];
  /** What ends the whole step: a rejection, or a stop that belongs further up. */
  unwinding: Unwinding | null;
}

async function runLanes(step: ParallelNode, scope: Scope, lanes: Lane[]): Promise<Fan> {
  const fan: Fan = { results: lanes.map(() => undefined), unwinding: null };
  const open = new Set<Branch>();
  let next = 0;
  let succeeded = 0;
  let over = false;

  function end(reason: string): void {
    over = true;
    for (const branch of open) branch.end(reason);
  }

  async function drive(): Promise<void> {
    while (next < lanes.length && !over) {
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

interface Fanned {
  lanes: Lane[];
  results: (Result | undefined)[];
}

/** One output a lane, with the placeholder where there is a hole. */
async function withPlaceholders(
  step: ParallelNode,
  scope: Scope,
  { lanes, results }: Fanned,
): Promise<Value[]> {
  const isHole = (result: Result | undefined) =>
    result === undefined || (result.hole !== null && isNothing(result.output));
  const needed = results.some(isHole);
  const placeholder = needed ? await scope.value(step.placeholder) : nothing;
  return lanes.map((_, index) => {
    const result = results[index];
    return result === undefined || isHole(result) ? placeholder : result.output;
  });
}

async function gather(
  step: ParallelNode,
  scope: Scope,
  { lanes, outputs }: { lanes: Lane[]; outputs: Value[] },
): Promise<Value> {
  if (!Array.isArray(step.branches)) return scope.compose(outputs);
  return scope.compose(
    Object.fromEntries(lanes.map((lane, index) => [lane.name, outputs[index] ?? nothing])),
  );
}

function requireMissed(step: ParallelNode, scope: Scope, results: (Result | undefined)[]): Unwinding | null {
  // A branch that its own condition skipped is neither a success nor a failure, and of an empty list
  // nothing can be missed.
  const judged = results.filter((result) => result?.status !== 'skipped');
  const wanted = step.require === 'all' ? judged.length : Math.min(step.require, judged.length);
  const succeeded = judged.filter((result) => result?.status === 'completed').length;
  if (succeeded >= wanted) return null;
  const overBudget = results.find((result) => result?.overBudget)?.overBudget;
  if (overBudget) return overBudget;
  const message = `${String(succeeded)} of ${String(results.length)} branches succeeded; ${String(wanted)} must.`;
  return failed(scope.path, 'require_missed', message);
}

async function reduce(step: StepNode, scope: Scope, fanned: Fanned & { outputs: Value[] }): Promise<Outcome> {
  const { lanes, outputs, results } = fanned;
  const branches = await scope.compose(
    lanes.map((lane, index) => ({
      parts: {
        name: { inline: lane.name },
        item: lane.item,
        status: { inline: results[index]?.status ?? 'skipped' },
        output: outputs[index] ?? nothing,
        error: results[index]?.error ?? nothing,
      },
    })),
  );
  const handed: Block[] = [{ name: 'branches', value: branches }];
  return scope.run(step, 'reduce', { names: { branches, previous: branches }, handed });
}
