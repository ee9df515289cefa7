import { isCancellation, patched } from '@temporalio/workflow';
import { limits } from '../contract/limits';
import type { ParallelNode } from '../contract/skeleton';
import { nothing } from '../contract/value';
import { isolated } from './isolated';
import { endingOf, type Node } from './node';
import type { Outcome } from './outcome';
import type { RunState } from './run-state';

/** The groups in which a fan-out of so many branches is carried out; none where this workflow carries out all. */
export function groupsOf(run: RunState, node: Node, branches: number): { from: number; to: number }[] {
  const size = run.argument.branchesHereMax ?? limits.branchesHereMax;
  if (branches <= size || hasBegunHere(node) || !patched('fan-out in groups')) return [];
  return Array.from({ length: Math.ceil(branches / size) }, (_, index) => ({
    from: index * size,
    to: Math.min(branches, (index + 1) * size),
  }));
}

/** By code that knew of no groups, in an earlier Temporal run. */
function hasBegunHere({ progress: { groups, ended, inside } }: Node): boolean {
  return groups.size === 0 && ended.size + inside.size > 0;
}

/** Has a child workflow carry out a group of branches, once. */
export async function carryOutGroup(run: RunState, node: Node, step: ParallelNode): Promise<Outcome> {
  const range = `${String(step.group?.from)}-${String(step.group?.to)}`;
  const known = node.progress.groups.get(range);
  if (known !== undefined) return known;
  try {
    const outcome = await isolated(run, node, step);
    node.progress.groups.set(range, outcome);
    run.stepsEnded++;
    return outcome;
  } catch (error) {
    const ending = endingOf(node);
    if (!isCancellation(error) || ending === null) throw error;
    // It was ended before the group began: what others have made is kept.
    return { ...ending, step: node.path, value: nothing };
  }
}
