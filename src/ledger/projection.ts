import type { ApprovalDecided, JournalEntry, RunFinished } from '../contract/journal';
import type { RunStatus, StepStatus } from '../contract/workflow';

/** What journal entries say about rows, put together: at most one patch a row. Pure. */
export interface Projection {
  run: RunPatch | null;
  steps: StepPatch[];
  /** Paths of those steps that the run's end found open. */
  left: string[];
  decided: (ApprovalDecided & { at: string })[];
  expired: string[];
}

export interface RunPatch {
  entry: number;
  status: RunStatus | null;
  reason: string | null;
  startedAt: string | null;
  activeMs: number | null;
  /** Since when active time runs on; null while it stands still. */
  activeSince: string | null;
  stateVersion: number;
  finished: (RunFinished & { at: string }) | null;
}

export interface StepPatch {
  entry: number;
  path: string;
  /** Null where the entry speaks of a step that another entry started. */
  type: string | null;
  id: string | null;
  agent: string | null;
  status: StepStatus;
  startedAt: string | null;
  finishedAt: string | null;
  output: string | null;
  decision: string | null;
  error: string | null;
}

export function project(entries: JournalEntry[]): Projection {
  const projection: Projection = { run: null, steps: [], left: [], decided: [], expired: [] };
  const steps = new Map<string, StepPatch>();
  for (const entry of [...entries].sort((left, right) => left.n - right.n)) {
    projectRun(projection, entry);
    projectStep(steps, entry);
    if (entry.type === 'approval.decided') projection.decided.push({ ...entry.data, at: entry.at });
    if (entry.type === 'approval.expired') projection.expired.push(entry.data.approval);
  }
  const { finished } = projection.run ?? {};
  if (finished != null)
    for (const [path, step] of steps) {
      if (step.status !== 'running' && step.status !== 'waiting') continue;
      steps.set(path, { ...step, status: 'cancelled', finishedAt: finished.at });
      projection.left.push(path);
    }
  projection.steps = [...steps.values()];
  return projection;
}

function projectRun(projection: Projection, entry: JournalEntry): void {
  const run: RunPatch = projection.run ?? {
    entry: 0,
    status: null,
    reason: null,
    startedAt: null,
    activeMs: null,
    activeSince: null,
    stateVersion: 0,
    finished: null,
  };
  switch (entry.type) {
    case 'run.started':
      projection.run = {
        ...run,
        entry: entry.n,
        status: 'running',
        startedAt: entry.at,
        activeMs: 0,
        activeSince: entry.at,
      };
      return;
    case 'run.status': {
      const { status, reason, activeMs } = entry.data;
      const activeSince = status === 'running' ? entry.at : null;
      projection.run = { ...run, entry: entry.n, status, reason, activeMs, activeSince };
      return;
    }
    case 'run.finished': {
      const { status, reason, activeMs } = entry.data;
      const finished = { ...entry.data, at: entry.at };
      projection.run = { ...run, entry: entry.n, status, reason, activeMs, activeSince: null, finished };
      return;
    }
    case 'state.version':
      projection.run = { ...run, stateVersion: entry.data.version };
      return;
    default:
  }
}

function projectStep(steps: Map<string, StepPatch>, entry: JournalEntry): void {
  const { step: path, n, at } = entry;
  if (path === null) return;
  const known = steps.get(path);
  const base: StepPatch = known ?? { ...unknown, path };
  switch (entry.type) {
    case 'step.started':
      steps.set(path, {
        ...base,
        ...entry.data,
        entry: n,
        status: firstStatus(entry.data.type),
        startedAt: at,
      });
      return;
    case 'step.skipped':
      steps.set(path, {
        ...base,
        type: entry.data.type,
        id: entry.data.id,
        entry: n,
        status: 'skipped',
        finishedAt: at,
      });
      return;
    case 'step.finished': {
      const { type, id, status, output, decision, error } = entry.data;
      const bodies = {
        output: JSON.stringify(output),
        decision: decision && JSON.stringify(decision),
        error: error && JSON.stringify(error),
      };
      steps.set(path, { ...base, ...bodies, type, id, entry: n, status, finishedAt: at });
      return;
    }
    case 'approval.requested':
      steps.set(path, { ...base, entry: n, status: 'waiting' });
      return;
    case 'approval.decided':
    case 'approval.expired':
      steps.set(path, { ...base, entry: n, status: 'running' });
      return;
    default:
  }
}

/** A step that does nothing but wait is not at work. */
function firstStatus(type: string): StepStatus {
  return type === 'wait' ? 'waiting' : 'running';
}

const unknown: Omit<StepPatch, 'path'> = {
  entry: 0,
  type: null,
  id: null,
  agent: null,
  status: 'running',
  startedAt: null,
  finishedAt: null,
  output: null,
  decision: null,
  error: null,
};
