import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { FailureType, type StepError } from '../contract/failures';
import type { StepNode } from '../contract/skeleton';
import { isNothing, nothing } from '../contract/value';
import { activityCause } from './activities';
import { escalate, type Escalation } from './escalate';
import { failedCall } from './failed-call';
import { interpret } from './interpreter';
import { isolated } from './isolated';
import type { LimitKind } from './limits';
import { childNode, childPath, endingOf, endNode, running, type Node, type Running } from './node';
import { isFinished, outputOf, type Failed, type Outcome, type Stopped } from './outcome';
import { recall } from './recall';
import { agentOf, described, record } from './record';
import { retell } from './retell';
import { noteIncomplete, type RunState } from './run-state';
import { createScope, evaluateCondition, evaluateValue } from './run-scope';
import type { Position, Scope } from './scope';
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
  const path = childPath(parent, place);
  const known = parent.progress.ended.get(path);
  if (known !== undefined) {
    const frame = position.repeated === true ? null : parent.frame;
    return { outcome: retell(run, parent.progress, { path, known, frame }), end: () => undefined };
  }
  const node = childNode(parent, step, path, position);
  const attributes = {
    'fermata.run': run.reference.run,
    'fermata.step': node.path,
    'fermata.step.type': step.type,
  };
  return running(node, () => inSpan(`step ${path}`, attributes, () => live(run, node, step, position)));
}

async function live(run: RunState, node: Node, step: StepNode, position: Position): Promise<Outcome> {
  const begun = node.parent?.progress.inside.has(node.path) === true;
  const ready = begun ? willRun : await guard(node, () => checkWhen(run, node, step));
  if (ready.type === 'skipped') return record(run, node, step, ready);
  if (!begun) begin(run, node, step);
  armClocks(node, step, { position, begun });
  const { failure } = node.progress;
  const owned = failure ?? settleStop(run, node, step, await work(run, node, step, ready));
  if (owned.type !== 'failed') {
    addSection(run, node, step, owned);
    return record(run, node, step, owned);
  }
  if (failure === null) forgetPattern(node, owned);
  node.decisions = node.progress.askedBefore;
  node.evaluations = 0;
  const mended = await recover(run, node, step, owned);
  if (step.onFailure.type === 'cached') addSection(run, node, step, mended);
  return record(run, node, step, mended);
}

/** What an agent has made is in the document that it shares with others. */
function addSection(run: RunState, { path }: Node, step: StepNode, outcome: Outcome): void {
  if (step.type !== 'agent' || step.context.mode !== 'workspace') return;
  if (isFinished(outcome) && !isNothing(outputOf(outcome))) run.workspace.write(path, outputOf(outcome));
}

/** The pattern is not run again, so there is nobody to be told of what was inside. */
function forgetPattern({ progress, decisions }: Node, failure: Failed): void {
  progress.failure = failure;
  progress.askedBefore = decisions;
  progress.results = [];
  progress.groups.clear();
  progress.ended.clear();
}

export const willRun: Outcome = { type: 'completed', value: nothing };

function begin(run: RunState, node: Node, step: StepNode): void {
  node.parent?.progress.inside.set(node.path, node.progress);
  run.steps.set(node.path, { path: node.path, type: step.type, status: 'running' });
  const agent = agentOf(step);
  run.journal.add(node.path, { type: 'step.started', data: { ...described(step), agent } });
}

/** The pattern itself, in this workflow or in a child. */
export async function work(run: RunState, node: Node, step: StepNode, ready: Outcome): Promise<Outcome> {
  if (!isFinished(ready)) return ready;
  return guard(node, () =>
    step.isolate === true ? isolated(run, node, step) : interpret(step, createScope(run, node, startStep)),
  );
}

/** `completed` where the step is to run, `skipped` where its condition is false. */
async function checkWhen(run: RunState, node: Node, step: StepNode): Promise<Outcome> {
  // Not every step makes something that is cancelled by itself.
  if (CancellationScope.current().consideredCancelled)
    throw new CancelledFailure('The step around it was ended before it began.');
  if (step.when === undefined || (await evaluateCondition(run, node, step.when))) return willRun;
  return { type: 'skipped', reason: 'its condition is false' };
}

/** Turns what an activity throws into an outcome. What nobody planned goes on as an error of the workflow task. */
export async function guard(node: Node, work: () => Promise<Outcome>): Promise<Outcome> {
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
    const step = failedCall(error) ?? node.path;
    return { type: 'failed', status: 'failed', error: stepError(step, cause), value: nothing };
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

interface Arming {
  position: Position;
  /** In an earlier Temporal run: then what is left counts. */
  begun: boolean;
}

function armClocks(node: Node, step: StepNode, { position, begun }: Arming): void {
  const { progress } = node;
  progress.clock = node.clock;
  // What is being ended needs no more limits.
  if (progress.ending !== null) return;
  const end = (kind: LimitKind, cause: Stopped['cause'], milliseconds: number, owner: string) => {
    const left = begun ? progress.left[kind] : { ms: milliseconds, since: null };
    if (left === undefined) return;
    node.clock.limit(kind, left, () => {
      endNode(node, {
        cause,
        owner,
        step: node.path,
        reason: `It took longer than ${String(milliseconds / 1000)} s.`,
      });
    });
  };
  if (step.timeoutMs !== undefined) end('step', 'step_time', step.timeoutMs, node.path);
  if (position.branchTimeoutMs !== undefined)
    end('branch', 'branch_time', position.branchTimeoutMs, node.path);
  if (step.limits?.timeoutMs != null) end('limit', 'limit_time', step.limits.timeoutMs, `step:${node.path}`);
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
  // It works outside of what ended the step: its scope, and a limit that it has used up.
  const around = { ...node, cancellation: place.cancellation, budgets: place.budgets, ending: null };
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
      case 'cached': {
        // Nobody decided on an answer that there was: an older one would only be held as well.
        if (code === FailureType.approvalExpired) return failure;
        const { maxAgeMs } = step.onFailure;
        const scope = createScope(run, around, startStep);
        // Walked again as it is, so that an old answer is held where a new one would be.
        const ask: Scope['ask'] = (question) => recall(run, around, question, { failure, maxAgeMs });
        return guard(around, () => interpret(step, { ...scope, ask }));
      }
      case 'escalate': {
        const start: Escalation['start'] = (again, at, position) =>
          startStep(run, around, again, at, position);
        const { answerAt } = step.onFailure;
        return guard(place, () => escalate(run, around, { step, failure, answerAt, start }));
      }
      case 'step': {
        return startStep(run, around, step.onFailure.step, 'onFailure', { names, handed: node.handed })
          .outcome;
      }
    }
  });
}
