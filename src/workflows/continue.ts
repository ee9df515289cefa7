import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { limits } from '../contract/limits';
import type { Value } from '../contract/value';
import type { StartArgument } from '../contract/workflow';
import { evaluate } from './activities';
import { fromStepMemo, toMemo, type Memo } from './memo';
import type { Clock } from './clock';
import type { Node } from './node';
import { createProgress, type Progress } from './progress';
import type { RunState } from './run-state';
import type { Status } from './status';

/** Characters of a memo in one content: as JSON in UTF-8 they stay below what one payload may have. */
const pageCharacters = 400_000;

/** Whether it is time to go on as a new Temporal run: asked for by a test, by the server, or by a bound of ours. */
export function shouldContinue(state: RunState, { continueAfterSteps, memo }: StartArgument): boolean {
  if (continueAfterSteps !== undefined && state.stepsEnded >= continueAfterSteps) return true;
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  if (historyLength > limits.historyEventsMax) return true;
  // A large memo is most of a young history. Without some work done between, it would be carried on for ever.
  if (state.gate.settled() === 0) return false;
  const memoBytes = (memo ?? []).reduce((sum, page) => sum + ('ref' in page ? page.bytes : 0), 0);
  return continueAsNewSuggested || historySize > limits.historyBytesMax + 2 * memoBytes;
}

/**
 * Waits until the run is to be continued and can be: nothing is under way, every message is answered,
 * the journal is written. Stores the memo and answers its pages; never settles where the run ends first.
 */
export async function untilContinued(state: RunState, root: Node, status: Status): Promise<Value[]> {
  const isCancelled = () => root.cancellation.consideredCancelled;
  const stands = () =>
    !state.over && state.gate.isIdle() && allHandlersFinished() && state.journal.isWritten();
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => isCancelled() || stands());
      // A cancelled run is not continued: the next Temporal run would know nothing of it.
      if (isCancelled()) break;
      const text = JSON.stringify(toMemo(state, root, status));
      const pages = await store(state, text);
      // Meanwhile a decision may have come in, or a time have run out.
      if (!isCancelled() && stands() && JSON.stringify(toMemo(state, root, status)) === text) return pages;
    }
    state.gate.openForGood();
    return new Promise<never>(() => undefined);
  });
}

async function store(state: RunState, text: string): Promise<Value[]> {
  const pages: Value[] = [];
  for (let from = 0; from < text.length; from += pageCharacters) {
    const page = { inline: text.slice(from, from + pageCharacters) };
    const stored = await evaluate({ run: state.reference, path: 'root', type: 'store', value: page }, 'memo');
    if (stored.type !== 'value') throw new Error(`Asked for a value, got a ${stored.type}.`);
    pages.push('ref' in stored.value ? { ...stored.value, preview: '' } : stored.value);
  }
  return pages;
}

/** Reads what an earlier Temporal run has left; null where this is the first. */
export async function readMemo(state: RunState, { memo: pages }: StartArgument): Promise<Memo | null> {
  if (pages === undefined) return null;
  return CancellationScope.nonCancellable(async () => {
    let text = '';
    for (const value of pages) text += await readPage(state, value);
    // Written by `untilContinued`, of this or an earlier version of this code.
    return JSON.parse(text) as Memo;
  });
}

async function readPage(state: RunState, value: Value): Promise<string> {
  // Pages are stored as text.
  if ('inline' in value) return value.inline as string;
  const read = await evaluate({ run: state.reference, path: 'root', type: 'read', value }, 'memo');
  if (read.type !== 'read') throw new Error(`Asked for a memo, got a ${read.type}.`);
  return read.json as string;
}

/** Puts the run to where it stood; answers how far its steps had come. */
export function restore(state: RunState, status: Status, memo: Memo | null): Progress {
  state.ready = true;
  if (memo === null) return createProgress();
  const { progress, untold } = fromStepMemo(memo.root);
  state.untold = untold;
  state.journal.goOnFrom(memo.journal);
  state.stateVersion = memo.stateVersion;
  state.incomplete = memo.incomplete;
  state.usage = memo.usage;
  for (const matter of memo.approvals) state.approvals.add(matter);
  for (const [path, type, now] of memo.steps) state.steps.set(path, { path, type, status: now });
  state.workspace.goOnFrom(memo.workspace ?? []);
  status.restore(memo.waitingFor);
  return progress;
}

/** Lets the run go on once every pattern stands where it stood. */
export async function resume(state: RunState, status: Status, clock: Clock): Promise<void> {
  await CancellationScope.nonCancellable(() => condition(() => state.untold === 0));
  status.restored(clock);
  state.gate.open();
}
