import type { Json } from '../contract/value';
import { member, type JsonObject } from './json';

/** Fields that name an agent, by type of step. */
const fields: ReadonlyMap<Json | undefined, string[]> = new Map([
  ['agent', ['agent']],
  ['review', ['reviewer']],
  ['router', ['classifier']],
  ['supervisor', ['supervisor']],
]);

/** The agents that a step itself asks, each with the members that lead from the step to its name. */
export function agentsOf(step: JsonObject): { at: string[]; name: string }[] {
  return (fields.get(member(step, 'type')) ?? []).flatMap((field) => {
    const name = member(step, field);
    return typeof name === 'string' ? [{ at: [field], name }] : [];
  });
}
