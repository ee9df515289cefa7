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
import type { Skeleton } from '../contract/skeleton';
import type { Value } from '../contract/value';
import type { RunSummary, StartArgument } from '../contract/workflow';
import { closeRun, evaluate, takeTurns, writeJournal } from './activities';
import { createApprovals } from './approvals';
import { createClock, type Clock } from './clock';
import { readMemo, restore, resume, shouldContinue, untilContinued } from './continue';
import { createGate } from './gate';
import { recordDecision, checkDecision, handleMessages } from './handlers';
import { createInbox, type Inbox } from './inbox';
import { createJournal } from './journal';
import { rootNode } from './node';
import { noUsage } from '../contract/usage';
import type { RunState } from './run-state';
import { createStatus, type Status } from './status';
import { failedBy, work, type End } from './work';

/**
 * One run from its start to its end, or to where it goes on as a new Temporal run. Every workflow type
 * of the service is this function under the name of the plan's root pattern.
 */
export async function run(argument: StartArgument): Promise<RunSummary> {
  if (argument.localInTurn === true) takeTurns();
  const state = createState(argument);
  const status = createStatus(state, argument.searchAttributes);
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
  const root = rootNode(namesOf(state), { clock, progress }, { budget: state.runBudget, vendorWaitMs });
  const working = unreadable ?? work(state, root);
  const continuing = untilContinued(state, root, status);
  if (memo !== null) void resume(state, status, clock);
  const end = await Promise.race([working, continuing]);
  if (Array.isArray(end))
    return continueAsNew<typeof run>({ ...argument, memo: end, ...carriedBy(state.inbox) });
  await close(state, { status, clock, journaling, end });
  return finish(end);
}

/** Not in the memo: events may come until the last moment. */
function carriedBy(inbox: Inbox): Pick<StartArgument, 'inbox'> {
  return inbox.isUnused() ? {} : { inbox: inbox.content() };
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
  const { workflowId, runId } = workflowInfo();
  const { tenant, run: id, manifest, input, createdAt } = argument;
  const state: RunState = {
    reference: { tenant, run: id, manifest },
    skeleton: 'ref' in argument.skeleton ? noSkeleton : argument.skeleton,
    input,
    startedAt: createdAt,
    temporalRun: runId,
    workflowId,
    journal: createJournal(runId),
    approvals: createApprovals({
      check: (matter, raw) => checkDecision(state, matter, raw),
      record: (matter, settled, via) => recordDecision(state, matter, settled, via),
    }),
    gate: createGate({
      restoring: argument.memo !== undefined,
      isTime: () => shouldContinue(state, argument),
    }),
    inbox: createInbox(argument.inbox),
    ready: false,
    over: false,
    stepsEnded: 0,
    untold: 0,
    stateVersion: 0,
    incomplete: [],
    usage: noUsage,
    steps: new Map(),
    runBudget: { id: 'run', costNano: 0, tokens: null, modelCalls: null },
  };
  return state;
}

// Stands in until a skeleton that was too large for the start argument has been read.
const noSkeleton: Skeleton = {
  plan: { name: '', version: '' },
  agents: {},
  limits: { onExceeded: 'return_partial' },
  alerts: {},
  checksOutput: false,
  flow: { type: 'sequence', steps: [], onFailure: { type: 'fail' } },
};

/** Reads the plan's skeleton where it was too large for the start argument. Answers the run's end where it can't be read. */
async function readSkeleton(state: RunState, { skeleton }: StartArgument): Promise<End | null> {
  if ('ref' in skeleton) {
    const { ref } = skeleton;
    const about = { run: state.reference, path: 'root', type: 'skeleton', ref } as const;
    try {
      const read = await CancellationScope.nonCancellable(() => evaluate(about, 'read the plan'));
      if (read.type !== 'skeleton') throw new Error(`Asked for a skeleton, got a ${read.type}.`);
      state.skeleton = read.skeleton;
    } catch (error) {
      return failedBy(state, error);
    }
  }
  Object.assign(state.runBudget, budgetOf(state.skeleton));
  return null;
}

function budgetOf({ limits }: Skeleton) {
  return {
    costNano: limits.costNano ?? 0,
    tokens: limits.tokens ?? null,
    modelCalls: limits.modelCalls ?? null,
  };
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
