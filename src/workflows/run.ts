import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { limits } from '../contract/limits';
import type { Value } from '../contract/value';
import type { ChildArgument, RunSummary, StartArgument } from '../contract/workflow';
import { closeRun, takeTurns, writeJournal } from './activities';
import { createApprovals } from './approvals';
import { createClock, type Clock } from './clock';
import { readMemo, restore, resume, shouldContinue, untilContinued } from './continue';
import { createGate } from './gate';
import { recordDecision, checkDecision, handleMessages } from './handlers';
import { createChildren } from './children';
import { closeChild, createTeller, inheritedNode, stepsAdded, workOnStep } from './child';
import { createInbox } from './inbox';
import { createJournal } from './journal';
import { rootNode } from './node';
import { noUsage } from '../contract/usage';
import { noSkeleton, readSkeleton } from './read-skeleton';
import type { RunState } from './run-state';
import { createStatus, type Status } from './status';
import { work, type End } from './work';
import { createWorkspace } from './workspace';

/**
 * One run from its start to its end, or to where it goes on as a new Temporal run; or one step of a run
 * that has a child workflow of its own. Every workflow type of the service is this function under the
 * name of the pattern that it carries out.
 */
export async function run(argument: StartArgument): Promise<RunSummary> {
  if (argument.localInTurn === true) takeTurns();
  const state = createState(argument);
  return argument.child === undefined ? wholeRun(state, argument) : oneStep(state, argument, argument.child);
}

async function wholeRun(state: RunState, argument: StartArgument): Promise<RunSummary> {
  const status = createStatus(state, { upsert: argument.searchAttributes });
  handleMessages(state, status);
  const memo = await readMemo(state, argument);
  const unreadable = await readSkeleton(state, argument);
  const progress = restore(state, status, memo);
  const clock: Clock = createClock(() => {
    status.update(clock);
  }, memo?.active);

  const journaling = writeLooseEntries(state, () => status.closing());
  const { plan } = state.skeleton;
  if (memo === null) state.journal.add(null, { type: 'run.started', data: { plan } });
  setCurrentDetails(`${plan.name}@${plan.version}`);
  const vendorWaitMs = state.skeleton.limits.vendorWaitMs ?? limits.vendorWaitHours * 3_600_000;
  const root = rootNode(
    namesOf(state),
    { clock, progress, workspace: state.workspace },
    { budget: state.runBudget, vendorWaitMs },
  );
  const working = unreadable ?? work(state, root);
  const continuing = untilContinued(state, root, status);
  if (memo !== null) void resume(state, status, clock);
  const end = await Promise.race([working, continuing]);
  if (Array.isArray(end)) return goOn(state, end);
  await close(state, { status, clock, journaling, end });
  return finish(end);
}

/** Carries out one step for the workflow of the steps around it, which decides what its end means. */
async function oneStep(state: RunState, argument: StartArgument, child: ChildArgument): Promise<RunSummary> {
  const tell = createTeller(state, child.parent);
  const { path, key = path } = child;
  const status = createStatus(state, {
    upsert: false,
    tell: (waitingFor) => void tell({ path: key, waitingFor }),
  });
  handleMessages(state, status);
  const memo = await readMemo(state, argument);
  const unreadable = await readSkeleton(state, argument);
  const clock: Clock = createClock(() => {
    status.update(clock);
  }, memo?.active);
  const progress = restore(state, status, memo);
  if (memo === null) {
    state.journal.goOnFrom(child.journal);
    state.stateVersion = child.stateVersion;
  }
  const { root, taken } = await inheritedNode(state, child, { clock, progress });
  const journaling = writeLooseEntries(state, () => status.closing());
  const working = workOnStep(state, root, { path, handed: taken.handed, unreadable });
  const continuing = untilContinued(state, root, status);
  if (memo !== null) void resume(state, status, clock);
  const end = await Promise.race([working, continuing]);
  if (Array.isArray(end)) return goOn(state, end);
  const steps = stepsAdded(root, taken);
  return closeChild(state, child, { status, journaling, outcome: end, steps, tell });
}

function goOn({ argument, inbox, children, ending }: RunState, memo: Value[]): Promise<never> {
  const { child } = argument;
  // Not in the memo: events, and what children and parents say, may come until the last moment.
  return continueAsNew<typeof run>({
    ...argument,
    memo,
    ...(inbox.isUnused() ? {} : { inbox: inbox.content() }),
    ...(children.content().length === 0 ? {} : { children: children.content() }),
    ...(child === undefined || ending === null ? {} : { child: { ...child, ending } }),
  });
}

interface Closing {
  status: Status;
  clock: Clock;
  journaling: Promise<void>;
  end: End;
}

async function close(state: RunState, { status, clock, journaling, end }: Closing): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    await condition(allHandlersFinished);
    status.close();
    await journaling;
    noteAlert(state);
    const { summary, reason } = end;
    const { status: runEnd, output, incomplete, error } = summary;
    state.journal.add(null, {
      type: 'run.finished',
      data: { status: runEnd, output, incomplete, error, reason, activeMs: clock.activeMilliseconds() },
    });
    await state.journal.carry((journal) =>
      closeRun({ run: state.reference, journal, count: state.journal.count() }, `close · ${runEnd}`),
    );
  });
}

function createState(argument: StartArgument): RunState {
  const { workflowId, runId, firstExecutionRunId } = workflowInfo();
  const { tenant, run: id, manifest, input, createdAt, child } = argument;
  const steps: RunState['steps'] = new Map();
  const state: RunState = {
    reference: { tenant, run: id, manifest },
    argument,
    skeleton: 'flow' in argument.skeleton ? argument.skeleton : noSkeleton,
    input,
    startedAt: createdAt,
    temporalRun: runId,
    workflowId,
    journal: createJournal(
      runId,
      child && { id: firstExecutionRunId, path: child.key ?? child.path, first: child.journal.count + 1 },
    ),
    approvals: createApprovals({
      check: (matter, raw) => checkDecision(state, matter, raw),
      record: (matter, settled, via) => recordDecision(state, matter, settled, via),
    }),
    gate: createGate({
      restoring: argument.memo !== undefined,
      isTime: () => shouldContinue(state, argument),
    }),
    inbox: createInbox(argument.inbox),
    children: createChildren(argument.children),
    // Only the workflow around this one says so.
    ending: (child?.ending ?? null) as RunState['ending'],
    wakeups: new Set(),
    ready: false,
    over: false,
    stepsEnded: 0,
    untold: 0,
    stateVersion: 0,
    incomplete: [],
    usage: noUsage,
    steps,
    workspace: createWorkspace(() => steps.keys()),
    runBudget: { id: 'run', costNano: 0, tokens: null, modelCalls: null },
  };
  return state;
}

function namesOf(state: RunState): { [name: string]: Value } {
  const about = { inline: { id: state.reference.run, startedAt: state.startedAt } };
  return { input: state.input, previous: state.input, run: about };
}

/** Writes what would otherwise lie in the buffer while the workflow waits for a person, a timer or a sibling. */
async function writeLooseEntries(state: RunState, closing: () => boolean): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => closing() || state.journal.hasLoose());
      if (closing()) return;
      await state.journal.carry((journal) => writeJournal({ run: state.reference, journal }, 'journal'));
    }
  });
}

function noteAlert(state: RunState): void {
  const threshold = state.skeleton.alerts.costNano;
  if (threshold === undefined || state.usage.costNano <= threshold) return;
  const data = { kind: 'costUsd', value: state.usage.costNano / 1e9, threshold: threshold / 1e9 };
  state.journal.add(null, { type: 'alert.opened', data });
}

/** Temporal shows the run as it ended: cancelled and failed runs are that there, too. */
function finish({ summary, cancelled }: End): RunSummary {
  if (cancelled !== undefined) throw cancelled as Error;
  if (summary.error === null) return summary;
  throw ApplicationFailure.nonRetryable(summary.error.message, summary.error.code, summary);
}
