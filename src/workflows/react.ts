import { CancellationScope, condition } from '@temporalio/workflow';
import { limits } from '../contract/limits';
import { nothing } from '../contract/value';
import { closeQueue, takeBatch } from './event-queue';
import { forgetHandled } from './forget-handled';
import { childPath, type Node } from './node';
import { isFinished, type Failed, type Outcome, type Stopped, type Unwinding } from './outcome';
import type { Reaction } from './progress';
import type { RunState } from './run-state';
import type { AwaitedEvents, Branch, NumberedEvent, Reacted } from './scope';
import { demandNotEnded, waiting } from './waits';

type Handle = (event: NumberedEvent) => Branch | null;

/**
 * Takes events from the ledger, batch by batch, and has them handled. Signals only say that there are
 * some: however fast they come, the run holds no more than a batch of them, and what was handled
 * leaves nothing behind but a tally.
 */
export async function react(
  run: RunState,
  node: Node,
  awaited: AwaitedEvents,
  handle: Handle,
): Promise<Reacted> {
  demandNotEnded();
  const reaction = (node.progress.reaction ??= begun(awaited));
  const reactor: Reactor = {
    ...{ run, node, awaited, handle, reaction, scope: CancellationScope.current() },
    ...{ open: new Map(), mayHaveMore: true, unwinding: null, bug: null },
  };
  try {
    await work(reactor);
  } catch (error) {
    await settled(reactor);
    // What a handler brought says more than that the step was ended.
    if (reactor.unwinding === null) throw error;
  }
  if (!reaction.closed || reaction.dead.length > 0)
    await run.gate.busy(() => closeQueue(run, node, { types: awaited.types, reaction }));
  const { handled, failed, lastEvent } = reaction;
  return { handled, failed, lastEvent, unwinding: reactor.unwinding };
}

function begun({ idleMs }: AwaitedEvents): Reaction {
  return {
    ...{ idleAt: Date.now() + idleMs, batch: 0, begun: 0, handled: 0, failed: 0, lastEvent: nothing },
    ...{ over: false, closed: false, queue: [], open: [], dead: [], surplus: null },
  };
}

interface Reactor {
  run: RunState;
  node: Node;
  awaited: AwaitedEvents;
  handle: Handle;
  reaction: Reaction;
  /** Of the step: cancelled where it is ended. */
  scope: CancellationScope;
  open: Map<number, { branch: Branch | null; done: Promise<void> }>;
  /** At first it may, for what came before this Temporal run began is not told again. */
  mayHaveMore: boolean;
  /** What ends it before its time. */
  unwinding: Unwinding | null;
  bug: { error: unknown } | null;
}

/** Ends when nothing more is to be begun and nothing is under way. */
async function work(reactor: Reactor): Promise<void> {
  const { reaction, awaited, open, scope } = reactor;
  for (const event of reaction.open) start(reactor, event);
  for (;;) {
    if (reactor.bug !== null) throw reactor.bug.error;
    if (scope.consideredCancelled) demandNotEnded();
    while (open.size < awaited.concurrency && !reaction.over) {
      const event = begin(reaction, awaited);
      if (event === null) break;
      start(reactor, event);
    }
    if (reaction.over && open.size === 0) return;
    // At once, for what its last handlers wait for may be an event of these types.
    if (reaction.over && !reaction.closed) await close(reactor);
    else if (mustTake(reactor)) await take(reactor);
    else await untilNews(reactor);
  }
}

function start(reactor: Reactor, event: NumberedEvent): void {
  const branch = reactor.handle(event);
  // There before it is driven, for what drives it takes it away.
  const entry = { branch, done: Promise.resolve() };
  reactor.open.set(event.n, entry);
  entry.done = Promise.resolve().then(() => drive(reactor, event, branch));
}

async function drive(reactor: Reactor, event: NumberedEvent, branch: Branch | null): Promise<void> {
  try {
    settle(reactor, event, branch === null ? null : await branch.outcome);
  } catch (error) {
    reactor.bug ??= { error };
  } finally {
    reactor.open.delete(event.n);
  }
}

function settle(reactor: Reactor, event: NumberedEvent, outcome: Outcome | null): void {
  const { run, node, reaction, awaited } = reactor;
  const place = String(event.n);
  reaction.idleAt = Date.now() + awaited.idleMs;
  tally(reaction, event, { outcome, path: childPath(node, place) });
  if (outcome === null || isFinished(outcome) || outcome.type === 'failed') {
    reaction.open = reaction.open.filter(({ n }) => n !== event.n);
    forgetHandled(run, node, { reaction, place });
    return;
  }
  // It stays among the open ones: where the run goes on as a new Temporal run, it says the same there.
  reactor.unwinding ??= outcome;
  reaction.over = true;
  if (outcome.type !== 'rejected') return;
  for (const { branch } of reactor.open.values()) branch?.end('another event ended the step');
}

async function settled({ open }: Reactor): Promise<void> {
  while (open.size > 0) await Promise.all([...open.values()].map(({ done }) => done));
}

const isHungry = ({ reaction }: Reactor) => !reaction.over && reaction.queue.length === 0;
const mustTake = (reactor: Reactor) =>
  reactor.reaction.dead.length > 0 ||
  (isHungry(reactor) && (reactor.mayHaveMore || reactor.run.wakeups.has(reactor.node.path)));

async function take(reactor: Reactor): Promise<void> {
  const { run, node, reaction, awaited } = reactor;
  const room = reaction.over ? 0 : limits.eventBatchMax - reaction.queue.length;
  run.wakeups.delete(node.path);
  const count = await takeBatch(run, node, { types: awaited.types, reaction, room });
  reactor.mayHaveMore = room > 0 && count === room;
  if (count > 0) reaction.idleAt = Date.now() + awaited.idleMs;
}

async function close({ run, node, reaction, awaited }: Reactor): Promise<void> {
  await run.gate.pass(node.clock, () => closeQueue(run, node, { types: awaited.types, reaction }));
}

async function untilNews(reactor: Reactor): Promise<void> {
  const { run, node, reaction, awaited, open, scope } = reactor;
  const { size } = open;
  const isNews = () =>
    reactor.bug !== null ||
    scope.consideredCancelled ||
    open.size < size ||
    (reaction.over && !reaction.closed) ||
    mustTake(reactor) ||
    (isHungry(reactor) && takeFromInbox(run, awaited, reaction));
  await CancellationScope.nonCancellable(async () => {
    if (size > 0) return condition(isNews);
    const left = Math.max(1, reaction.idleAt - Date.now());
    const inTime = await waiting(run, node, 'event', () => condition(isNews, left));
    if (!inTime) reaction.over = true;
  });
}

/** Begins the next event, if there is one; after the last no other is begun. */
function begin(reaction: Reaction, { last, eventsMax }: AwaitedEvents): NumberedEvent | null {
  const taken = reaction.queue.shift();
  if (taken === undefined) return null;
  const event = { ...taken, n: ++reaction.begun };
  reaction.open.push(event);
  reaction.lastEvent = event.event;
  if (event.type === last || reaction.begun === eventsMax) reaction.over = true;
  return event;
}

/** Queues an event that came by Temporal's own tools, or too late for a step that waited for it. */
function takeFromInbox(run: RunState, { types }: AwaitedEvents, reaction: Reaction): boolean {
  const isOurs = (type: string, step: string | null) =>
    types.includes(type) && (step === null || run.steps.get(step)?.status !== 'waiting');
  const found = run.inbox.all().find(({ type, step }) => isOurs(type, step));
  if (found === undefined || !run.inbox.take(found)) return false;
  const { id, type, event } = found;
  reaction.queue.push({ id, type, hops: 0, event });
  return true;
}

/** Counts what became of an event. What a limit of ours ended is neither handled nor its fault. */
function tally(
  reaction: Reaction,
  { id }: NumberedEvent,
  { outcome, path }: { outcome: Outcome | null; path: string },
): void {
  if (outcome === null) return;
  if (isFinished(outcome)) reaction.handled++;
  else if (outcome.type === 'failed' || isOverBudget(outcome)) {
    reaction.failed++;
    if (id !== null) reaction.dead.push({ id, reason: reasonOf(path, outcome) });
  }
}

function isOverBudget(outcome: Unwinding): outcome is Stopped {
  return outcome.type === 'stopped' && outcome.cause === 'budget';
}

function reasonOf(path: string, outcome: Failed | Stopped): string {
  const why =
    outcome.type === 'failed'
      ? `${outcome.error.code}: ${outcome.error.message}`
      : `budget_exceeded: ${outcome.reason}`;
  return `${path} failed. ${why}`.slice(0, limits.titleCharactersMax).toWellFormed();
}
