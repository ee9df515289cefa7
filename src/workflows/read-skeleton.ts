import { CancellationScope } from '@temporalio/workflow';
import type { Skeleton } from '../contract/skeleton';
import type { StartArgument } from '../contract/workflow';
import { evaluate } from './activities';
import type { RunState } from './run-state';
import { failedBy, type End } from './work';

/** Stands in until one that is not in the start argument has been read. */
export const noSkeleton: Skeleton = {
  plan: { name: '', version: '' },
  agents: {},
  limits: { onExceeded: 'return_partial' },
  alerts: {},
  checksOutput: false,
  flow: { type: 'sequence', steps: [], onFailure: { type: 'fail' } },
};

/** Reads the plan's skeleton where it is not in the start argument. Answers the run's end where it can't be read. */
export async function readSkeleton(state: RunState, { skeleton }: StartArgument): Promise<End | null> {
  if (!('flow' in skeleton)) {
    const asked =
      'ref' in skeleton
        ? ({ type: 'skeleton', ref: skeleton.ref } as const)
        : ({ type: 'plan', input: state.input } as const);
    const about = { run: state.reference, path: 'root', ...asked };
    try {
      const read = await CancellationScope.nonCancellable(() => evaluate(about, 'read the plan'));
      if (read.type !== 'skeleton') throw new Error(`Asked for a skeleton, got a ${read.type}.`);
      state.skeleton = read.skeleton;
    } catch (error) {
      return failedBy(state, error);
    }
  }
  Object.assign(state.runBudget, budgetOf(state.skeleton));
  return null;
}

function budgetOf({ limits }: Skeleton) {
  return {
    costNano: limits.costNano ?? 0,
    tokens: limits.tokens ?? null,
    modelCalls: limits.modelCalls ?? null,
  };
}
