import { CancellationScope } from '@temporalio/workflow';
import type { TakeEvents } from '../contract/event-activities';
import { takeEvents } from './activities';
import type { Node } from './node';
import type { Reaction } from './progress';
import type { RunState } from './run-state';

interface Taking {
  types: string[];
  reaction: Reaction;
}

/** Takes the next events from the ledger, and tells it which could not be handled. Answers how many came. */
export async function takeBatch(
  run: RunState,
  node: Node,
  { types, reaction, room }: Taking & { room: number },
): Promise<number> {
  const dead = [...reaction.dead];
  const batch = reaction.batch + 1;
  const { events } = await run.gate.pass(node.clock, () => ask(run, node, { types, batch, room, dead }));
  reaction.batch = batch;
  reaction.dead.splice(0, dead.length);
  reaction.queue.push(...events);
  return events.length;
}

/** Tells the ledger that no more are taken: those that were not begun are anybody's again. */
export async function closeQueue(run: RunState, node: Node, { types, reaction }: Taking): Promise<void> {
  const { batch, queue } = reaction;
  const dead = [...reaction.dead];
  const left = queue.flatMap(({ id }) => (id === null ? [] : [id]));
  await ask(run, node, { types, batch, room: 0, dead, left });
  reaction.queue = [];
  reaction.dead.splice(0, dead.length);
  reaction.closed = true;
}

type Asked = Pick<TakeEvents, 'types' | 'batch' | 'room' | 'dead' | 'left'>;

/** Once it is under way events may be taken, so the activity runs to its end. */
function ask(run: RunState, { path }: Node, asked: Asked) {
  const about = { run: run.reference, path, workflowId: run.workflowId };
  return CancellationScope.nonCancellable(() =>
    run.journal.carry((journal) => takeEvents({ ...about, ...asked, journal }, `${path} · events`)),
  );
}
