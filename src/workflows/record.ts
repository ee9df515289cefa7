import type { StepError } from '../contract/failures';
import type { StepFinished } from '../contract/journal';
import type { StepNode } from '../contract/skeleton';
import { nothing } from '../contract/value';
import type { StepStatus } from '../contract/workflow';
import type { Frame, Node } from './node';
import { isFinished, outputOf, type Outcome } from './outcome';
import type { EndedStep } from './progress';
import { noteIncomplete, type RunState } from './run-state';

/** Records what became of a step, for the next ones, the journal, templates and queries. */
export function record(run: RunState, node: Node, step: StepNode, outcome: Outcome): Outcome {
  const status: StepStatus = outcome.type === 'skipped' ? 'skipped' : statusOf(node, outcome);
  const ended: EndedStep = { id: step.id ?? null, outcome, status };
  run.steps.set(node.path, { path: node.path, type: step.type, status });
  run.stepsEnded++;
  node.parent?.progress.inside.delete(node.path);
  node.parent?.progress.ended.set(node.path, ended);
  if (isFinished(outcome)) {
    run.stateVersion++;
    remember(node.frame, ended);
  }
  // A budget's end is noted at the call that did not fit.
  if (outcome.type === 'incomplete' && outcome.code !== 'budget_exceeded')
    noteIncomplete(run, node.path, outcome.code, outcome.reason);
  journal(run, node, step, outcome);
  return outcome;
}

function journal(run: RunState, node: Node, step: StepNode, outcome: Outcome): void {
  if (outcome.type === 'skipped') {
    const data = { ...described(step), reason: outcome.reason };
    run.journal.add(node.path, { type: 'step.skipped', data });
    return;
  }
  run.journal.add(node.path, {
    type: 'step.finished',
    data: {
      ...described(step),
      status: statusOf(node, outcome),
      output: outcome.value,
      decision: 'decision' in outcome ? (outcome.decision ?? null) : null,
      error: errorOf(outcome),
      stateVersion: run.stateVersion,
    },
  });
  // What a child makes is one version of the run: the one that its step makes when it ends.
  if (!isFinished(outcome) || run.argument.child !== undefined) return;
  const data = { version: run.stateVersion, step: node.path };
  run.journal.add(node.path, { type: 'state.version', data });
}

export function described(step: StepNode) {
  return { type: step.type, id: step.id ?? null };
}

/** Whom the step itself asks, as events name it. */
export function agentOf(step: StepNode): string | null {
  switch (step.type) {
    case 'agent':
      return step.agent;
    case 'review':
      return step.reviewer;
    case 'router':
      return step.classifier;
    case 'supervisor':
    case 'hierarchy':
      return step.supervisor;
    case 'refine':
      return step.evaluator;
    case 'debate':
      return step.judge;
    default:
      return null;
  }
}

/** Makes the step known to templates of its own repetition. */
export function remember(frame: Frame, { id, outcome, status }: EndedStep): void {
  if (id === null || !isFinished(outcome)) return;
  const decision = 'decision' in outcome ? (outcome.decision ?? nothing) : nothing;
  frame.steps.set(id, { parts: { output: outputOf(outcome), status: { inline: status }, decision } });
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
