import type { ParallelNode } from '../../contract/skeleton';
import { isNothing, nothing, type Value } from '../../contract/value';
import type { Stopped, Unwinding } from '../outcome';
import { pathOf, type Scope } from '../scope';
import type { Lane } from './lanes';
import { runLanes, type Result } from './run-lanes';

/** What a fan-out has made, or a part of one. */
export interface Fanned {
  /** The outputs, with placeholders in place. */
  value: Value;
  tally: Tally;
  /** What ends the whole step: a rejection, or a stop that belongs further up. */
  unwinding: Unwinding | null;
  /** How each branch ended, for the step that reduces them. */
  branches(): Promise<Value>;
}

/** How many branches there are, and what became of them. */
export interface Tally {
  count: number;
  succeeded: number;
  skipped: number;
  /** No other branch is to begin. */
  over: boolean;
  /** Why a branch had not budget enough, if one had not. */
  overBudget: Stopped | null;
}

/** Runs branches in this workflow. */
export async function carryOut(step: ParallelNode, scope: Scope, lanes: Lane[]): Promise<Fanned> {
  const { results, over, unwinding } = await runLanes(step, scope, lanes);
  const fanned = await gather(step, scope, { lanes, results });
  // Where a stop goes further up, the step that it ends at says what came of this one.
  if (unwinding !== null && unwinding.type !== 'rejected') return { ...fanned, unwinding };
  for (const [index, lane] of lanes.entries()) {
    const hole = results[index]?.hole;
    if (hole) scope.note(pathOf(scope.path, lane.name), hole.code, hole.reason);
  }
  return unwinding === null ? { ...fanned, tally: { ...fanned.tally, over } } : { ...fanned, unwinding };
}

/** What stands for branches that are never begun. */
export function leaveOut(step: ParallelNode, scope: Scope, lanes: Lane[]): Promise<Fanned> {
  return gather(step, scope, { lanes, results: lanes.map(() => undefined) });
}

interface Ended {
  lanes: Lane[];
  results: (Result | undefined)[];
}

async function gather(step: ParallelNode, scope: Scope, { lanes, results }: Ended): Promise<Fanned> {
  const outputs = await withPlaceholders(step, scope, { lanes, results });
  const value = await scope.compose(
    Array.isArray(step.branches)
      ? Object.fromEntries(lanes.map((lane, index) => [lane.name, outputs[index] ?? nothing]))
      : outputs,
  );
  return {
    value,
    tally: tallyOf(results),
    unwinding: null,
    branches: () => describe(scope, { lanes, results, outputs }),
  };
}

/** One output a lane, with the placeholder where there is a hole. */
async function withPlaceholders(
  step: ParallelNode,
  scope: Scope,
  { lanes, results }: Ended,
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

function tallyOf(results: Ended['results']): Tally {
  const having = (status: Result['status']) => results.filter((result) => result?.status === status).length;
  const overBudget = results.find((result) => result?.overBudget)?.overBudget ?? null;
  return {
    count: results.length,
    succeeded: having('completed'),
    skipped: having('skipped'),
    over: false,
    overBudget: overBudget && { ...overBudget, value: nothing },
  };
}

function describe(scope: Scope, { lanes, results, outputs }: Ended & { outputs: Value[] }): Promise<Value> {
  return scope.compose(
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
}
