import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
} from '@temporalio/workflow';
import { childSignal, type ChildMessage } from '../contract/messages';
import type { Json } from '../contract/value';
import type { ChildArgument, RunSummary } from '../contract/workflow';
import { evaluate, writeJournal } from './activities';
import type { ChildEnd } from './children';
import { carryOut, carryOutPlan } from './carry-out';
import type { Clock } from './clock';
import type { Inherited } from './isolated';
import { rootNode, type Node } from './node';
import { failed } from './outcome';
import type { Progress } from './progress';
import type { RunState } from './run-state';
import type { Status } from './status';
import { failedBy, type End } from './work';

type ChildOutcome = ChildEnd['outcome'];

/** The place of a child's step: what it takes over from the steps around it, which another workflow carries out. */
export async function inheritedNode(
  state: RunState,
  { inherited }: ChildArgument,
  { clock, progress }: { clock: Clock; progress: Progress },
): Promise<{ root: Node; taken: Inherited }> {
  const taken = await readInherited(state, inherited);
  const { names, preceding, budgets, vendorWaitMs, steps } = taken;
  state.workspace.inherit(taken.workspace ?? []);
  const root = rootNode(
    names,
    { clock, progress, workspace: state.workspace },
    { budget: state.runBudget, vendorWaitMs },
  );
  for (const [id, value] of steps) if (!root.frame.steps.has(id)) root.frame.steps.set(id, value);
  return { root: { ...root, preceding, budgets }, taken };
}

async function readInherited(state: RunState, inherited: ChildArgument['inherited']): Promise<Inherited> {
  // Written by the workflow around it, of this or an earlier version of this code.
  const asInherited = (json: Json) => json as unknown as Inherited;
  if ('inline' in inherited) return asInherited(inherited.inline);
  const read = await CancellationScope.nonCancellable(() =>
    evaluate({ run: state.reference, path: 'root', type: 'read', value: inherited }, 'take over'),
  );
  if (read.type !== 'read') throw new Error(`Asked for what is inherited, got a ${read.type}.`);
  return asInherited(read.json);
}

/** Carries out the child's step. Throws only what is a bug. */
export async function workOnStep(
  state: RunState,
  root: Node,
  { path, handed, unreadable }: { path: string; handed: Inherited['handed']; unreadable: End | null },
): Promise<ChildOutcome> {
  try {
    if (unreadable !== null) return failedAs(path, unreadable);
    const { plan } = state.argument.child ?? {};
    const running = plan === true ? carryOutPlan(state, root, path) : carryOut(state, root, { path, handed });
    void CancellationScope.nonCancellable(async () => {
      await condition(() => state.ending !== null || state.over);
      if (state.ending === null || state.over) return;
      const { cause, reason, owner } = state.ending;
      running.end(cause, reason, owner);
    });
    return await running.outcome;
  } catch (error) {
    if (isCancellation(error)) return { type: 'cancelled' };
    return failedAs(path, failedBy(state, error));
  } finally {
    state.over = true;
    root.clock.close();
  }
}

/** Steps with an id that have finished here, beside those that were taken over. */
export function stepsAdded({ frame }: Node, { steps }: Inherited): Inherited['steps'] {
  const before = new Map(steps.map(([id, value]) => [id, JSON.stringify(value)]));
  return [...frame.steps].filter(([id, value]) => before.get(id) !== JSON.stringify(value));
}

function failedAs(step: string, { summary: { error, output } }: End): ChildOutcome {
  return { ...failed(step, error?.code ?? '', error?.message ?? ''), value: output };
}

/** Tells the workflow that waits for this one, in order. One that is gone needs to know nothing. */
export function createTeller(state: RunState, parent: string): (message: ChildMessage) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (message) => {
    const send = () =>
      CancellationScope.nonCancellable(() => getExternalWorkflowHandle(parent).signal(childSignal, message));
    return (last = last.then(() => state.gate.busy(send)).catch(() => undefined));
  };
}

interface Closing {
  status: Status;
  journaling: Promise<void>;
  outcome: ChildOutcome;
  /** What templates outside can name. */
  steps: Inherited['steps'];
  tell(message: ChildMessage): Promise<void>;
}

/** Writes what is left of the child's journal and tells its parent how it ended. */
export async function closeChild(
  state: RunState,
  { path, key = path, stateVersion: before, plan }: ChildArgument,
  { status, journaling, outcome, steps, tell }: Closing,
): Promise<RunSummary> {
  await CancellationScope.nonCancellable(async () => {
    await condition(allHandlersFinished);
    status.close();
    await journaling;
    if (!state.journal.isWritten())
      await state.journal.carry((journal) => writeJournal({ run: state.reference, journal }, 'journal'));
    const { usage, incomplete, stateVersion } = state;
    const versions = stateVersion - before;
    const sections = state.workspace.added();
    const end: ChildEnd = {
      ...{ outcome, usage, incomplete, versions, journal: state.journal.numbers() },
      // What another plan shares and names is its own affair.
      ...(sections.length === 0 || plan === true ? {} : { sections }),
      ...(steps.length === 0 || plan === true ? {} : { steps }),
    };
    await tell({ path: key, end });
  });
  if (outcome.type === 'cancelled') throw new CancelledFailure('Cancelled.');
  return summaryOf(state, outcome);
}

/** For Temporal's own views; the parent has been told. */
function summaryOf(
  { incomplete }: RunState,
  outcome: Exclude<ChildOutcome, { type: 'cancelled' }>,
): RunSummary {
  const output = outcome.type === 'skipped' ? { inline: null } : outcome.value;
  const error = outcome.type === 'failed' ? outcome.error : null;
  const status =
    outcome.type === 'completed' || outcome.type === 'skipped'
      ? 'completed'
      : outcome.type === 'failed' || outcome.type === 'rejected'
        ? outcome.type
        : 'partial';
  return { status, output, incomplete, error };
}
