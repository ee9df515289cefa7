import type { AgentSummary, SelectNode } from '../contract/skeleton';
import { evaluate } from './activities';
import { namesFor, type Node } from './node';
import type { RunState } from './run-state';

/** A model that may be asked: its place among all of the agent's, and its id. */
export interface Candidate {
  place: number;
  id: string;
}

/** Which of an agent's lists of models is asked at a step: 0 is that of `model`. */
export async function selectList(run: RunState, node: Node, select: SelectNode): Promise<number> {
  const asked = { type: 'select', at: select.at, names: namesFor(node, select) } as const;
  const about = { run: run.reference, path: node.path };
  const result = await run.gate.pass(node.clock, () =>
    run.journal.carry((journal) => evaluate({ ...about, journal, ...asked }, `${node.path} · select`)),
  );
  if (result.type !== 'selected') throw new Error(`Asked for a list of models, got a ${result.type}.`);
  return result.list;
}

/** The models of a list, in the order in which they are asked. */
export function candidates(agent: AgentSummary | undefined, list: number): Candidate[] {
  const { models = [], select } = agent ?? {};
  const lists = select?.lists ?? [models.length];
  const first = lists.slice(0, list).reduce((sum, length) => sum + length, 0);
  return models.map((id, place) => ({ place, id })).slice(first, first + (lists[list] ?? 0));
}
