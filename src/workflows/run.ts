import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { StepError } from '../contract/failures';
import { limits } from '../contract/limits';
import type { Skeleton } from '../contract/skeleton';
import { nothing, type Value } from '../contract/value';
import type { RunEnd, RunSummary, StartArgument } from '../contract/workflow';
import { activityCause, closeRun, evaluate, writeJournal } from './activities';
import { createApprovals } from './approvals';
import { createClock } from './clock';
import { recordDecision, checkDecision, handleMessages } from './handlers';
import { createJournal } from './journal';
import { rootNode, endNode, type Node } from './node';
import type { Outcome } from './outcome';
import { noUsage } from '../contract/usage';
import { noteIncomplete, type RunState } from './run-state';
import { createStatus } from './status';
import { startStep } from './step';

/**
 * One run from its start to its end. Every workflow type of the service is this function under the
 * name of the plan's root pattern.
 */
export async function run(argument: StartArgument): Promise<RunSummary> {
  const state = createState(argument);
  const status = createStatus(state, argument.searchAttributes);
  const clock = createClock(() => {
    status.update(clock);
  });
  handleMessages(state, status);
  state.skeleton = await readSkeleton(state, argument);
  Object.assign(state.runBudget, budgetOf(state.skeleton));

  const journaling = writeLooseEntries(state, () => status.closing());
  state.journal.add(null, { type: 'run.started', data: { plan: state.skeleton.plan } });
  setCurrentDetails(`${state.skeleton.plan.name}@${state.skeleton.plan.version}`);
  const vendorWaitMs = state.skeleton.limits.vendorWaitMs ?? limits.vendorWaitHours * 3_600_000;
  const root = rootNode(namesOf(state), clock, { budget: state.runBudget, vendorWaitMs });
  const end = await work(state, root);

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
  return finish(end);
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
    memo: new Map(Object.entries(argument.memo ?? {})),
    stateVersion: 0,
    incomplete: [],
    usage: noUsage,
    steps: new Map(),
    askings: new Map(),
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

async function readSkeleton(state: RunState, { skeleton }: StartArgument): Promise<Skeleton> {
  if (!('ref' in skeleton)) return skeleton;
  const read = await evaluate(
    { run: state.reference, path: 'root', type: 'skeleton', ref: skeleton.ref },
    'read the plan',
  );
  if (read.type !== 'skeleton') throw new Error(`Asked for a skeleton, got a ${read.type}.`);
  return read.skeleton;
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

interface End {
  summary: RunSummary;
  reason: string | null;
  cancelled?: unknown;
}

async function work(state: RunState, root: Node): Promise<End> {
  const { timeoutMs } = state.skeleton.limits;
  try {
    const running = startStep(state, root, state.skeleton.flow, 'root', {});
    if (timeoutMs != null) {
      root.clock.limit(timeoutMs, () => {
        const reason = `The run took longer than ${String(timeoutMs / 1000)} s.`;
        endNode(running.node, { cause: 'limit_time', owner: 'run', step: 'root', reason });
      });
    }
    const outcome = await running.outcome;
    const end = endOf(state, outcome);
    return state.skeleton.checksOutput ? await checkOutput(state, end) : end;
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return { ...ended(state, 'cancelled', nothing), reason: 'Cancelled.', cancelled: error };
  } finally {
    root.clock.close();
  }
}

function ended(state: RunState, status: RunEnd, output: Value, error: StepError | null = null): End {
  return { summary: { status, output, incomplete: state.incomplete, error }, reason: error?.message ?? null };
}

function endOf(state: RunState, outcome: Outcome): End {
  switch (outcome.type) {
    case 'failed':
      return ended(state, 'failed', outcome.value, outcome.error);
    case 'rejected': {
      const comment = outcome.comment === null ? '' : `: ${outcome.comment}`;
      return {
        ...ended(state, 'rejected', outcome.value),
        reason: `Rejected by ${outcome.by} at ${outcome.step}${comment}`,
      };
    }
    case 'stopped': {
      const { reason, step, value } = outcome;
      if (state.skeleton.limits.onExceeded === 'fail') {
        return ended(state, 'failed', value, {
          code: 'budget_exceeded',
          message: reason,
          step,
          retryable: true,
        });
      }
      noteIncomplete(state, step, 'budget_exceeded', reason);
      return { ...ended(state, 'partial', value), reason };
    }
    case 'skipped':
      return ended(state, 'completed', nothing);
    case 'completed':
    case 'incomplete':
      return ended(state, state.incomplete.length === 0 ? 'completed' : 'partial', outcome.value);
  }
}

async function checkOutput(state: RunState, end: End): Promise<End> {
  const { status, output } = end.summary;
  if (status !== 'completed' && status !== 'partial') return end;
  try {
    await evaluate({ run: state.reference, path: 'root', type: 'output', value: output }, 'check the output');
    return end;
  } catch (error) {
    const cause = activityCause(error);
    if (!(cause instanceof ApplicationFailure)) throw error;
    return ended(state, 'failed', output, failureOf(cause));
  }
}

function failureOf({ type, message }: ApplicationFailure): StepError {
  return { code: type ?? 'invalid_output', message, step: 'root', retryable: true };
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
