import type { Step } from '../../contract/api';
import type { Json } from '../../contract/value';
import type { CallRow, StepRow } from '../../ledger/run-reading';
import { addUsage, noUsage } from '../../contract/usage';
import { usageView } from '../usage-view';

const root = 'root';

/** A step with what was resolved of it. */
export interface ReadStep extends Omit<StepRow, 'output' | 'decision'> {
  output: Json;
  decision: Json;
}

/**
 * Steps as a tree, by their paths. What a call used counts for the step that made it and for every
 * step around that.
 */
export function stepTree(steps: readonly ReadStep[], calls: readonly CallRow[]): Step[] {
  const known = new Set(steps.map((step) => step.path));
  const used = new Map(steps.map((step) => [step.path, { own: [] as CallRow[], all: noUsage }]));
  for (const call of calls) {
    const owner = known.has(call.path) ? call.path : parentOf(call.path, known);
    if (owner === null) continue;
    used.get(owner)?.own.push(call);
    for (let path: string | null = owner; path !== null; path = parentOf(path, known)) {
      const entry = used.get(path);
      if (entry !== undefined) entry.all = addUsage(entry.all, call);
    }
  }
  const views = new Map(steps.map((step) => [step.path, viewOf(step, used.get(step.path))]));
  const top: Step[] = [];
  for (const [path, view] of views) {
    const parent = parentOf(path, known);
    (parent === null ? top : (views.get(parent)?.children ?? top)).push(view);
  }
  return top;
}

/** The calls that a step made itself, not those of the steps inside it. */
export function callsOf(
  path: string,
  steps: readonly { path: string }[],
  calls: readonly CallRow[],
): CallRow[] {
  const known = new Set(steps.map((step) => step.path));
  return calls.filter((call) => (known.has(call.path) ? call.path : parentOf(call.path, known)) === path);
}

/** The nearest step around a path. The root stands around all and is left out of their paths. */
function parentOf(path: string, known: ReadonlySet<string>): string | null {
  if (path === root) return null;
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const above = path.slice(0, end);
    if (known.has(above)) return above;
  }
  return known.has(root) ? root : null;
}

function viewOf(step: ReadStep, used: { own: CallRow[]; all: typeof noUsage } | undefined): Step {
  const usage = used?.all ?? noUsage;
  const last = used?.own.at(-1);
  return {
    path: step.path,
    id: step.id,
    type: step.type,
    agent: step.agent,
    status: step.status,
    attempts: usage.modelCalls,
    model: last === undefined ? null : last.model,
    startedAt: step.startedAt?.toISOString() ?? null,
    finishedAt: step.finishedAt?.toISOString() ?? null,
    usage: usageView(usage),
    output: step.output,
    decision: step.decision,
    error: step.error,
    children: [],
  };
}
