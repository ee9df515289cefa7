import type { Json } from '../contract/value';
import { member, type JsonObject } from './json';

/** Fields that name an agent or a list of agents, by type of step. */
const fields: ReadonlyMap<Json | undefined, string[]> = new Map([
  ['agent', ['agent']],
  ['review', ['reviewer']],
  ['router', ['classifier']],
  ['supervisor', ['supervisor']],
  // A team with teams of its own names its manager as teams do.
  ['hierarchy', ['manager', 'supervisor']],
  ['refine', ['evaluator']],
  ['debate', ['panel', 'judge']],
]);

/** The agents that a step itself asks, each with the members that lead from the step to its name. */
export function agentsOf(step: JsonObject): { at: string[]; name: string }[] {
  return (fields.get(member(step, 'type')) ?? []).flatMap((field) => {
    const named = member(step, field);
    if (typeof named === 'string') return [{ at: [field], name: named }];
    return (Array.isArray(named) ? named : []).flatMap((name, index) =>
      typeof name === 'string' ? [{ at: [field, String(index)], name }] : [],
    );
  });
}
