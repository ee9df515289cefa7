import type { Step } from '../../contract/api';
import type { StepStatus } from '../../contract/workflow';
import type { RunTree, StepState } from './run-tree';

/** A line of the tree, before it is laid out. Tokens and money are those of the whole subtree. */
export interface Row {
  depth: number;
  name: string;
  status: StepStatus;
  /** `writer · claude-sonnet`, or the type of a step without an agent. */
  who: string;
  tokens: number;
  costNano: number;
  milliseconds: number | null;
  note: string | null;
  tail: string;
  children: Row[];
}

/** The rows of a watched run, in the order in which its steps began. */
export function treeRows(tree: RunTree, now: number): Row[] {
  const rows = new Map<string, Row>();
  const top: Row[] = [];
  for (const step of tree.steps.values()) rows.set(step.path, stepRow(step, now));
  for (const [path, row] of rows) {
    const parent = parentPath(path, rows);
    row.name = parent === null || parent === 'root' ? path : path.slice(parent.length + 1);
    const siblings = parent === null ? top : rows.get(parent)?.children;
    siblings?.push(row);
  }
  // The root is the run itself: it has a line of its own only where nothing is inside it.
  const [root] = top;
  const shown = root !== undefined && top.length === 1 && root.children.length > 0 ? root.children : top;
  for (const row of shown) settle(row, 0);
  return shown;
}

/** The rows of a run as the API lists its steps. */
export function listedRows(steps: readonly Step[]): Row[] {
  const [root] = steps;
  const shown = root?.path === 'root' && root.children.length > 0 ? root.children : steps;
  return shown.map((step) => listedRow(step, root?.path === 'root' ? 'root' : '', 0));
}

function listedRow(step: Step, parent: string, depth: number): Row {
  const prefix = parent === '' || parent === 'root' ? '' : `${parent}.`;
  const ended =
    step.finishedAt === null || step.startedAt === null
      ? null
      : Date.parse(step.finishedAt) - Date.parse(step.startedAt);
  return {
    depth,
    name: step.path.startsWith(prefix) ? step.path.slice(prefix.length) : step.path,
    status: step.status,
    who: whoOf(step),
    tokens: step.usage.inputTokens + step.usage.outputTokens,
    costNano: Math.round(step.usage.costUsd * 1e9),
    milliseconds: ended,
    note: step.error === null ? null : `${step.error.code}: ${step.error.message}`,
    tail: '',
    children: step.children.map((child) => listedRow(child, step.path, depth + 1)),
  };
}

function stepRow(step: StepState, now: number): Row {
  return {
    depth: 0,
    name: step.path,
    status: step.status,
    who: whoOf(step),
    tokens: step.tokens,
    costNano: step.costNano,
    milliseconds: step.status === 'skipped' ? null : (step.finishedAt ?? now) - step.startedAt,
    note: step.note,
    tail: step.tail,
    children: [],
  };
}

function whoOf({ agent, model, type }: { agent: string | null; model: string | null; type: string }): string {
  if (agent === null) return type;
  return model === null ? agent : `${agent} · ${model}`;
}

/** The nearest step around a path: names inside a pattern, such as `a1` or `revise`, are no steps. */
function parentPath(path: string, rows: ReadonlyMap<string, Row>): string | null {
  for (let at = path.lastIndexOf('.'); at > 0; at = path.lastIndexOf('.', at - 1)) {
    const prefix = path.slice(0, at);
    if (rows.has(prefix)) return prefix;
  }
  return path !== 'root' && rows.has('root') ? 'root' : null;
}

function settle(row: Row, depth: number): void {
  row.depth = depth;
  for (const child of row.children) {
    settle(child, depth + 1);
    row.tokens += child.tokens;
    row.costNano += child.costNano;
  }
}
