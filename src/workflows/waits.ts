import { CancellationScope, CancelledFailure, condition, sleep } from '@temporalio/workflow';
import { FailureType } from '../contract/failures';
import type { Expression } from '../contract/node-parts';
import type { AwaitedEvent } from '../contract/skeleton';
import type { Value } from '../contract/value';
import type { KeptEvent } from '../contract/workflow';
import { activityCause, evaluate, subscribe } from './activities';
import type { WaitReason } from './clock';
import { namesFor, type Node } from './node';
import type { RunState } from './run-state';

/** Waits until a time, which stays the same in the next Temporal run. */
export async function pause(
  run: RunState,
  node: Node,
  until: { forMs: number } | { at: number },
): Promise<void> {
  const { waits } = node.progress;
  const place = node.waits++;
  const known = waits[place];
  if (known?.type === 'over') return;
  demandNotEnded();
  const dueAt = known?.dueAt ?? ('at' in until ? until.at : Date.now() + until.forMs);
  waits[place] = { type: 'open', dueAt };
  const left = dueAt - Date.now();
  if (left > 0) await waiting(run, node, 'timer', () => sleep(left));
  waits[place] = { type: 'over', event: null };
}

/** Waits for an event. One that has come before is taken at once. */
export async function waitForEvent(run: RunState, node: Node, awaited: AwaitedEvent): Promise<Value | null> {
  const { waits } = node.progress;
  const place = node.waits++;
  const known = waits[place];
  if (known?.type === 'over') return known.event;
  if (known === undefined && !run.gate.isOpen()) await run.gate.opened(node.clock);
  demandNotEnded();
  const dueAt = known?.dueAt ?? Date.now() + awaited.timeoutMs;
  const event = await waiting(run, node, 'event', async () => {
    if (known === undefined) {
      const early = await subscribed(run, node, awaited);
      waits[place] = { type: 'open', dueAt };
      if (early !== null) return early;
    }
    return taken(run, node, { awaited, dueAt });
  });
  waits[place] = { type: 'over', event };
  return event;
}

/** Throws where the step was ended before it asked for anything. */
export function demandNotEnded(): void {
  if (CancellationScope.current().consideredCancelled)
    throw new CancelledFailure('The step was ended before it waited.');
}

/** Marks a step as waiting until something has happened. */
export async function waiting<T>(
  run: RunState,
  node: Node,
  reason: WaitReason,
  until: () => Promise<T>,
): Promise<T> {
  const step = run.steps.get(node.path);
  if (step !== undefined) step.status = 'waiting';
  try {
    return await node.clock.wait(reason, until);
  } finally {
    if (step !== undefined) step.status = 'running';
  }
}

/** Says in the ledger what is waited for. Answers an event that the ledger has for it already. */
async function subscribed(run: RunState, node: Node, { event, fits }: AwaitedEvent): Promise<Value | null> {
  // Once it is there an event may be taken for it, so the activity runs to its end.
  const { taken: early } = await CancellationScope.nonCancellable(() =>
    run.gate.busy(() =>
      run.journal.carry((journal) =>
        subscribe(
          {
            run: run.reference,
            path: node.path,
            workflowId: run.workflowId,
            types: [event],
            fits: fits === undefined ? null : { at: fits.at, names: namesBesideEvent(node, fits) },
            journal,
          },
          `${node.path} · ${event}`,
        ),
      ),
    ),
  );
  if (early === null) return null;
  run.inbox.note(early.id);
  return early.event;
}

function namesBesideEvent(node: Node, fits: Expression) {
  return namesFor(node, { ...fits, uses: fits.uses.filter((name) => name !== 'event') });
}

interface Waiting {
  awaited: AwaitedEvent;
  dueAt: number;
}

/** The first event in the inbox that is for this step; null where its time is over before. */
async function taken(run: RunState, node: Node, { awaited, dueAt }: Waiting): Promise<Value | null> {
  const tried = new Set<number>();
  const next = () =>
    run.inbox.all().find((event) => !tried.has(event.n) && mayTake(run, node, awaited, event));
  for (;;) {
    if (next() === undefined) {
      const left = dueAt - Date.now();
      if (left <= 0 && !CancellationScope.current().consideredCancelled) return null;
      await condition(() => next() !== undefined, Math.max(1, left));
    }
    const event = next();
    if (event === undefined) return null;
    tried.add(event.n);
    // The ledger has judged by the same condition what it sends to this very step.
    if (event.step !== node.path && !(await isFit(run, node, awaited, event))) continue;
    if (run.inbox.take(event)) return event.event;
  }
}

function mayTake(run: RunState, node: Node, { event: type }: AwaitedEvent, event: KeptEvent): boolean {
  if (event.step === node.path) return true;
  if (event.type !== type) return false;
  // What came too late for the step that it was taken for is anybody's.
  return event.step === null || run.steps.get(event.step)?.status !== 'waiting';
}

async function isFit(
  run: RunState,
  node: Node,
  { fits }: AwaitedEvent,
  { event }: KeptEvent,
): Promise<boolean> {
  if (fits === undefined) return true;
  const { path } = node;
  const names = { ...namesBesideEvent(node, fits), event };
  try {
    const result = await run.gate.pass(node.clock, () =>
      run.journal.carry((journal) =>
        evaluate(
          { run: run.reference, path, journal, type: 'condition', at: fits.at, names },
          `${path} · event`,
        ),
      ),
    );
    return result.type === 'condition' && result.holds;
  } catch (error) {
    // An event that lacks what the condition names is another one.
    const cause = activityCause(error);
    if (cause !== null && 'type' in cause && cause.type === FailureType.invalidCondition) return false;
    throw error;
  }
}
