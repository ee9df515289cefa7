import { ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { StepError } from '../contract/failures';
import type { StepFinished } from '../contract/journal';
import type { StepNode } from '../contract/skeleton';
import { nothing } from '../contract/value';
import type { StepStatus } from '../contract/workflow';
import { activityCause } from './activities';
import { interpret } from './interpreter';
import { childNode, endingOf, endNode, type Node, type Running } from './node';
import { isFinished, outputOf, type Failed, type Finished, type Outcome, type Stopped } from './outcome';
import { noteIncomplete, type RunState } from './run-state';
import { createScope, evaluateCondition, evaluateValue } from './run-scope';
import type { Position } from './scope';
import { inSpan } from './trace';

/**
 * Takes a step from its place in the plan to its outcome: what the memo knows of it, `when`, its time
 * and limits, the pattern itself, `onFailure`, the record.
 */
export function startStep(
  run: RunState,
  parent: Node,
  step: StepNode,
  place: string,
  position: Position,
): Running {
  const node = childNode(parent, step, place, position);
  const attributes = {
    'fermata.run': run.reference.run,
    'fermata.step': node.path,
    'fermata.step.type': step.type,
  };
  const work = () => inSpan(`step ${node.path}`, attributes, () => live(run, node, step, position));
  const outcome = node.cancellation.run(work).finally(() => {
    node.clock.close();
  });
  return { node, outcome };
}

async function live(run: RunState, node: Node, step: StepNode, position: Position): Promise<Outcome> {
  const known = run.memo.get(node.path);
  if (known !== undefined) return reuse(run, node, step, known.outcome);
  const condition = await guard(node, () => checkWhen(run, node, step));
  if (condition.type === 'skipped') return record(run, node, step, condition);
  run.steps.set(node.path, { path: node.path, type: step.type, status: 'running' });
  const agent = step.type === 'agent' ? step.agent : step.type === 'review' ? step.reviewer : null;
  run.journal.add(node.path, { type: 'step.started', data: { ...described(step), agent } });
  armClocks(node, step, position);
  const worked = isFinished(condition)
    ? await guard(node, () => interpret(step, createScope(run, node, startStep)))
    : condition;
  const owned = settleStop(run, node, step, worked);
  const outcome = owned.type === 'failed' ? await recover(run, node, step, owned) : owned;
  return record(run, node, step, outcome);
}

/** `completed` where the step is to run, `skipped` where its condition is false. */
async function checkWhen(run: RunState, node: Node, step: StepNode): Promise<Outcome> {
  if (step.when === undefined || (await evaluateCondition(run, node, step.when)))
    return { type: 'completed', value: nothing };
  return { type: 'skipped', reason: 'its condition is false' };
}

/** Turns what an activity throws into an outcome. What nobody planned goes on as an error of the workflow task. */
async function guard(node: Node, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error)) {
      const ending = endingOf(node);
      if (ending !== null) return { ...ending, step: node.path };
      throw error;
    }
    const cause = activityCause(error);
    if (cause === null) throw error;
    return { type: 'failed', status: 'failed', error: stepError(node.path, cause), value: nothing };
  }
}

function stepError(step: string, cause: unknown): StepError {
  if (cause instanceof ApplicationFailure) {
    return { code: cause.type ?? 'vendor_error', message: cause.message, step, retryable: true };
  }
  const message =
    cause instanceof TimeoutFailure ? 'Nobody answered in time.' : 'The step could not be carried out.';
  return { code: 'vendor_unavailable', message, step, retryable: true };
}

function armClocks(node: Node, step: StepNode, position: Position): void {
  const end = (cause: Stopped['cause'], milliseconds: number, owner: string) => {
    node.clock.limit(milliseconds, () => {
      endNode(node, {
        cause,
        owner,
        step: node.path,
        reason: `It took longer than ${String(milliseconds / 1000)} s.`,
      });
    });
  };
  if (step.timeoutMs !== undefined) end('step_time', step.timeoutMs, node.path);
  if (position.branchTimeoutMs !== undefined) end('branch_time', position.branchTimeoutMs, node.path);
  if (step.limits?.timeoutMs != null) end('limit_time', step.limits.timeoutMs, `step:${node.path}`);
}

/** A stop that this step owns ends here: as a failure, or with what the step has. Others go further up. */
function settleStop(run: RunState, node: Node, step: StepNode, outcome: Outcome): Outcome {
  if (outcome.type !== 'stopped') return outcome;
  const { value, reason } = outcome;
  if (outcome.cause === 'step_time' && outcome.owner === node.path) {
    const error = { code: 'step_timeout', message: reason, step: node.path, retryable: true };
    return { type: 'failed', status: 'timed_out', error, value };
  }
  if (outcome.owner !== `step:${node.path}`) return outcome;
  if (step.limits?.onExceeded === 'fail') {
    const error = { code: 'budget_exceeded', message: reason, step: outcome.step, retryable: true };
    return { type: 'failed', status: 'failed', error, value };
  }
  noteIncomplete(run, outcome.step, 'budget_exceeded', reason);
  return { type: 'incomplete', code: 'budget_exceeded', reason, value };
}

async function recover(run: RunState, node: Node, step: StepNode, failure: Failed): Promise<Outcome> {
  const { code, message } = failure.error;
  const names = { error: { inline: { code, message } } };
  const survived = { type: 'incomplete', code: 'skipped_on_failure', reason: `${code}: ${message}` } as const;
  // A step whose own time is over has a cancelled scope, and what mends it must run outside that.
  const place = node.parent ?? node;
  return place.cancellation.run(async () => {
    switch (step.onFailure.type) {
      case 'fail':
        return failure;
      case 'skip':
        return { ...survived, value: nothing };
      case 'value': {
        const { value } = step.onFailure;
        const position = { ...node, names: { ...node.names, ...names } };
        return guard(place, async () => ({ ...survived, value: await evaluateValue(run, position, value) }));
      }
      case 'step': {
        // It works outside of what ended the step: its scope, and a limit that it has used up.
        const around = { ...node, cancellation: place.cancellation, budgets: place.budgets, ending: null };
        return startStep(run, around, step.onFailure.step, 'onFailure', { names, handed: node.handed })
          .outcome;
      }
    }
  });
}

function record(run: RunState, node: Node, step: StepNode, outcome: Outcome): Outcome {
  if (outcome.type === 'skipped') {
    keep(run, node, step, outcome, 'skipped');
    const data = { ...described(step), reason: outcome.reason };
    run.journal.add(node.path, { type: 'step.skipped', data });
    return outcome;
  }
  const status = statusOf(node, outcome);
  if (isFinished(outcome)) keep(run, node, step, outcome, status);
  else run.steps.set(node.path, { path: node.path, type: step.type, status });
  run.journal.add(node.path, {
    type: 'step.finished',
    data: {
      ...described(step),
      status,
      output: outcome.value,
      decision: 'decision' in outcome ? (outcome.decision ?? null) : null,
      error: errorOf(outcome),
      stateVersion: run.stateVersion,
    },
  });
  if (isFinished(outcome)) {
    const data = { version: run.stateVersion, step: node.path };
    run.journal.add(node.path, { type: 'state.version', data });
  }
  return outcome;
}

/** Keeps a finished step for templates, the memo and the queries: a new version of the state. */
function keep(run: RunState, node: Node, step: StepNode, outcome: Finished, status: StepStatus): void {
  run.steps.set(node.path, { path: node.path, type: step.type, status });
  run.stateVersion++;
  run.memo.set(node.path, { outcome, stateVersion: run.stateVersion });
  remember(node, step, outcome, status);
  // A budget's end is noted at the call that did not fit.
  if (outcome.type === 'incomplete' && outcome.code !== 'budget_exceeded') {
    noteIncomplete(run, node.path, outcome.code, outcome.reason);
  }
}

function described(step: StepNode) {
  return { type: step.type, id: step.id ?? null };
}

/** Makes the step known to templates of its own repetition. */
function remember(node: Node, step: StepNode, outcome: Outcome, status: StepStatus): void {
  if (step.id === undefined || !isFinished(outcome)) return;
  const decision = 'decision' in outcome ? (outcome.decision ?? nothing) : nothing;
  node.frame.steps.set(step.id, {
    parts: { output: outputOf(outcome), status: { inline: status }, decision },
  });
}

function reuse(run: RunState, node: Node, step: StepNode, outcome: Outcome): Outcome {
  run.steps.set(node.path, { path: node.path, type: step.type, status: 'reused' });
  remember(node, step, outcome, 'reused');
  return outcome;
}

type Unskipped = Exclude<Outcome, { type: 'skipped' }>;

function statusOf(node: Node, outcome: Unskipped): StepFinished['status'] {
  if (outcome.type === 'failed') return outcome.status;
  if (outcome.type !== 'stopped') return outcome.type;
  if (outcome.cause === 'budget') return 'incomplete';
  return outcome.owner === node.path && outcome.cause === 'branch_time' ? 'timed_out' : 'cancelled';
}

function errorOf(outcome: Outcome): StepError | null {
  if (outcome.type === 'failed') return outcome.error;
  if (outcome.type !== 'stopped') return null;
  const code =
    outcome.cause === 'budget'
      ? 'budget_exceeded'
      : outcome.cause === 'branch_time'
        ? 'branch_timeout'
        : outcome.cause;
  return { code, message: outcome.reason, step: outcome.step, retryable: true };
}
