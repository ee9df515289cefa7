import type { ParallelNode, StepNode } from '../../contract/skeleton';
import { itemOf, nothing, type List, type Names, type Value } from '../../contract/value';
import type { Scope } from '../scope';

/** A branch of a fan-out before it runs. */
export interface Lane {
  name: string;
  step: StepNode;
  names: Names;
  item: Value;
}

/** All branches of a fan-out. */
export interface Lanes {
  count: number;
  /** Where they come from, for those who carry out some of them. */
  list?: List;
  slice(from: number, to: number): Lane[];
}

export async function lanesOf({ branches, group }: ParallelNode, scope: Scope): Promise<Lanes> {
  if (Array.isArray(branches)) {
    const lanes = branches.map(({ name, step }) => ({ name, step, names: {}, item: nothing }));
    return { count: lanes.length, slice: (from, to) => lanes.slice(from, to) };
  }
  const { as, step } = branches;
  const list = group?.list ?? (await scope.list(branches.forEach));
  const laneAt = (index: number): Lane => {
    const item = itemOf(list.value, index);
    return { name: String(index), step, names: { [as]: item, item, index: { inline: index } }, item };
  };
  return {
    count: list.length,
    list,
    slice: (from, to) => Array.from({ length: to - from }, (_, place) => laneAt(from + place)),
  };
}
