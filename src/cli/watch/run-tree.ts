import type { ApiUsage } from '../../contract/api';
import type { RunStatus, StepStatus } from '../../contract/workflow';
import { decisionText } from './decision-text';
import { isEnd, type WatchedEvent } from './facts';

const tailCharactersMax = 400;

/** A step, or a call of a pattern's own agent, as far as the events have told. Times are milliseconds. */
export interface StepState {
  path: string;
  type: string;
  agent: string | null;
  model: string | null;
  status: StepStatus;
  startedAt: number;
  finishedAt: number | null;
  /** Of its own calls, without the steps inside it. */
  tokens: number;
  costNano: number;
  /** Why it is as it is, in a few words. */
  note: string | null;
  /** The end of the answer that is being written now. */
  tail: string;
}

export interface PendingApproval {
  id: string;
  step: string;
  kind: string;
  title: string;
}

/** What is known of a run from its events. */
export interface RunTree {
  status: RunStatus;
  reason: string | null;
  startedAt: number | null;
  finishedAt: number | null;
  calls: number;
  steps: Map<string, StepState>;
  approvals: Map<string, PendingApproval>;
}

/** A run of which no event is known yet. */
export function emptyTree(): RunTree {
  return {
    status: 'queued',
    reason: null,
    startedAt: null,
    finishedAt: null,
    calls: 0,
    steps: new Map(),
    approvals: new Map(),
  };
}

/**
 * Takes the next event into the tree. In place: a fan-out may have ten thousand branches, and a copy
 * for each event would be felt.
 */
export function takeEvent(tree: RunTree, event: WatchedEvent): void {
  const at = Date.parse(event.at);
  switch (event.type) {
    case 'run.started':
      tree.startedAt = at;
      tree.status = 'running';
      return;
    case 'run.status':
      tree.status = event.data.status;
      tree.reason = event.data.reason;
      if (!isEnd(event.data.status)) tree.finishedAt = null;
      return;
    case 'run.finished':
      tree.status = event.data.status;
      tree.reason = null;
      tree.finishedAt = at;
      tree.approvals.clear();
      for (const step of tree.steps.values()) closeOpen(step, at);
      return;
    default:
      if (event.step !== null) takeStepEvent(tree, event, event.step, at);
  }
}

function takeStepEvent(tree: RunTree, event: WatchedEvent, path: string, at: number): void {
  switch (event.type) {
    case 'step.started': {
      const { type, agent } = event.data;
      tree.steps.set(path, { ...newStep(path, type, at), agent });
      return;
    }
    case 'step.skipped':
      tree.steps.set(path, {
        ...newStep(path, event.data.type, at),
        status: 'skipped',
        finishedAt: at,
        note: event.data.reason,
      });
      return;
    case 'step.finished': {
      const { type, status, error } = event.data;
      const step = stepAt(tree, path, type, at);
      // Who decided an approval stays to be read.
      const note = type === 'approval' || type === 'question' ? step.note : null;
      Object.assign(step, { status, finishedAt: at, tail: '' });
      step.note = error === null ? note : `${error.code}: ${error.message}`;
      return;
    }
    case 'approval.requested': {
      const { approval, kind, title } = event.data;
      tree.approvals.set(approval, { id: approval, step: path, kind, title });
      const step = stepAt(tree, path, 'approval', at);
      step.status = 'waiting';
      step.note = title;
      return;
    }
    case 'approval.decided': {
      const { approval, status, by, comment } = event.data;
      tree.approvals.delete(approval);
      const step = stepAt(tree, path, 'approval', at);
      step.status = 'running';
      step.note = `${status} by ${by}${comment === null || comment === '' ? '' : `: ${comment}`}`;
      return;
    }
    case 'decision.made': {
      const note = decisionText(event.data.kind, event.data.decision);
      if (note !== null) stepAt(tree, path, 'call', at).note = note;
      return;
    }
    case 'approval.expired':
      tree.approvals.delete(event.data.approval);
      Object.assign(stepAt(tree, path, 'approval', at), { status: 'running', note: 'expired' });
      return;
    default:
      takeCallEvent(tree, event, path, at);
  }
}

function takeCallEvent(tree: RunTree, event: WatchedEvent, path: string, at: number): void {
  switch (event.type) {
    case 'call.started': {
      const step = stepAt(tree, path, 'call', at);
      Object.assign(step, { agent: event.data.agent, model: event.data.model, tail: '', note: null });
      if (step.type === 'call') step.status = 'running';
      return;
    }
    case 'call.delta': {
      const step = stepAt(tree, path, 'call', at);
      step.tail = (step.tail + event.data.text).slice(-tailCharactersMax);
      return;
    }
    case 'call.retried':
      stepAt(tree, path, 'call', at).note = `${event.data.error}, trying again`;
      return;
    case 'call.finished': {
      const { status, usage, model, error } = event.data;
      const step = stepAt(tree, path, 'call', at);
      Object.assign(step, { model, tail: '', note: error });
      if (usage !== null) addUsage(tree, step, usage);
      if (step.type !== 'call') return;
      step.status = status === 'done' ? 'completed' : 'failed';
      step.finishedAt = at;
      return;
    }
    default:
      return;
  }
}

function addUsage(tree: RunTree, step: StepState, usage: ApiUsage): void {
  tree.calls += usage.modelCalls;
  step.tokens += usage.inputTokens + usage.outputTokens;
  step.costNano += Math.round(usage.costUsd * 1e9);
}

/** The step at a path; one that no event has started is a call of a pattern's own agent. */
function stepAt(tree: RunTree, path: string, type: string, at: number): StepState {
  const known = tree.steps.get(path);
  if (known !== undefined) return known;
  const step = newStep(path, type, at);
  tree.steps.set(path, step);
  return step;
}

function newStep(path: string, type: string, at: number): StepState {
  return {
    path,
    type,
    agent: null,
    model: null,
    status: 'running',
    startedAt: at,
    finishedAt: null,
    tokens: 0,
    costNano: 0,
    note: null,
    tail: '',
  };
}

/** A cancelled run has steps that nothing was said of any more. */
function closeOpen(step: StepState, at: number): void {
  step.tail = '';
  if (step.status !== 'running' && step.status !== 'waiting') return;
  step.status = 'cancelled';
  step.finishedAt = at;
}
