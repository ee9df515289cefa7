import type { Value } from '../contract/value';
import { emitEvent } from './activities';
import type { Node } from './node';
import type { RunState } from './run-state';

/** Publishes an event in the name of a step. Asked again it is the same event, and counts once. */
export async function publish(
  run: RunState,
  node: Node,
  { event, data }: { event: string; data: Value | null },
): Promise<Value> {
  const { path, hops } = node;
  const source = `/plans/${run.skeleton.plan.name}`;
  const { id } = await run.gate.pass(node.clock, () =>
    run.journal.carry((journal) =>
      emitEvent({ run: run.reference, path, source, event, data, hops, journal }, `${path} · ${event}`),
    ),
  );
  return { inline: { id } };
}
