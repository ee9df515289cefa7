import { member } from './json';
import { agentsOf } from './step-agents';
import type { Visit } from './walk';

/** A plan as a picture: its steps, and which leads to which. Paths as the API names them. */
export interface PlanGraph {
  nodes: { path: string; type: string; id: string | null; agent: string | null; parent: string | null }[];
  /** `next`: runs after it in a sequence. `inside`: the first steps of what a step is made of. */
  edges: { from: string; to: string; type: 'next' | 'inside' }[];
}

export function graphOf(visits: Visit[]): PlanGraph {
  const text = (visit: Visit, field: string) => {
    const value = member(visit.step, field);
    return typeof value === 'string' ? value : null;
  };
  const lastOf = new Map<string, string>();
  const edges = visits.flatMap(({ path, parent, place }): PlanGraph['edges'] => {
    if (parent === null) return [];
    const before = place === 'list' ? lastOf.get(parent) : undefined;
    if (place === 'list') lastOf.set(parent, path);
    return [
      before === undefined
        ? { from: parent, to: path, type: 'inside' }
        : { from: before, to: path, type: 'next' },
    ];
  });
  const nodes = visits.map((visit) => ({
    path: visit.path,
    type: text(visit, 'type') ?? 'unknown',
    id: text(visit, 'id'),
    agent: agentsOf(visit.step)[0]?.name ?? null,
    parent: visit.parent,
  }));
  return { nodes, edges };
}
