import type { BranchGroup } from '../../contract/branch-group';
import type { ParallelNode } from '../../contract/skeleton';
import { nothing, type Json, type Value } from '../../contract/value';
import { completed, isFinished, outputOf, type Outcome } from '../outcome';
import type { Scope } from '../scope';
import { leaveOut, type Fanned, type Tally } from './fanned';
import type { Lanes } from './lanes';

interface Grouped {
  lanes: Lanes;
  groups: Pick<BranchGroup, 'from' | 'to'>[];
}

/** Carries out a fan-out group after group, each in a workflow of its own, until the matter is decided. */
export async function carryOutInGroups(
  step: ParallelNode,
  scope: Scope,
  { lanes, groups }: Grouped,
): Promise<Fanned> {
  const { list } = lanes;
  const parts: Part[] = [];
  let tally: Tally = { count: 0, succeeded: 0, skipped: 0, over: false, overBudget: null };
  let unwinding: Fanned['unwinding'] = null;
  for (const { from, to } of groups) {
    let part: Part | null = null;
    if (!tally.over && unwinding === null) {
      const group = { from, to, succeeded: tally.succeeded, ...(list === undefined ? {} : { list }) };
      const outcome = await scope.group({ ...step, group });
      if (!isFinished(outcome)) unwinding = outcome;
      part = partOf(outcome);
    }
    part ??= await partOfNothing(step, scope, lanes.slice(from, to));
    parts.push(part);
    tally = sum(tally, part.tally);
  }
  return {
    value: await scope.concat(parts.map(({ outputs }) => outputs)),
    tally,
    unwinding,
    branches: () => scope.concat(parts.map(({ branches }) => branches)),
  };
}

/** What a group has made. */
interface Part {
  outputs: Value;
  /** `null` where nothing reduces them. */
  branches: Value;
  tally: Tally;
}

/** The outcome of a group for the workflow around it, which judges and reduces. */
export async function groupOutcome(step: ParallelNode, fanned: Fanned): Promise<Outcome> {
  const { unwinding, value: outputs } = fanned;
  const branches = step.reduce === undefined || unwinding !== null ? nothing : await fanned.branches();
  const value: Value = { parts: { outputs, branches, tally: { inline: fanned.tally as unknown as Json } } };
  return unwinding === null ? completed(value) : { ...unwinding, value };
}

/** Null where the group ended without a word of what it has made. */
function partOf(outcome: Outcome): Part | null {
  const value = isFinished(outcome) ? outputOf(outcome) : outcome.value;
  if (!('parts' in value) || Array.isArray(value.parts)) return null;
  const { outputs, branches = nothing, tally } = value.parts;
  if (outputs === undefined || tally === undefined || !('inline' in tally)) return null;
  // Made by `groupOutcome`.
  return { outputs, branches, tally: tally.inline as unknown as Tally };
}

async function partOfNothing(
  step: ParallelNode,
  scope: Scope,
  lanes: ReturnType<Lanes['slice']>,
): Promise<Part> {
  const { value: outputs, tally, branches } = await leaveOut(step, scope, lanes);
  return { outputs, tally, branches: step.reduce === undefined ? nothing : await branches() };
}

function sum(one: Tally, other: Tally): Tally {
  return {
    count: one.count + other.count,
    succeeded: one.succeeded + other.succeeded,
    skipped: one.skipped + other.skipped,
    over: one.over || other.over,
    overBudget: one.overBudget ?? other.overBudget,
  };
}
