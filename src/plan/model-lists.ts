import type { Agent } from '../contract/plan';

/** The models that an agent may be asked by, first choices first: its own list, then that of each entry of `select`. */
export function modelLists({ model, select = [] }: Pick<Agent, 'model' | 'select'>): string[][] {
  return [model, ...select.map((entry) => entry.model)].map((names) => [names].flat());
}
