import { CancellationScope } from '@temporalio/workflow';
import type { Block, Budget, Slice } from '../contract/activities';
import type { Expression } from '../contract/node-parts';
import type { StepNode } from '../contract/skeleton';
import { nothing, type Value, type Names } from '../contract/value';
import type { Clock } from './clock';
import type { Outcome, Stopped } from './outcome';
import { createProgress, type Progress } from './progress';
import { pathOf, type Position } from './scope';
import type { Workspace } from './workspace';

/** Steps with an id that have finished, for templates: one map for each repetition. */
export interface Frame {
  steps: Map<string, Value>;
  parent: Frame | null;
}

/** A place in the running flow: what a step inherits, and how it can be ended. */
export interface Node {
  path: string;
  parent: Node | null;
  names: Names;
  preceding: Block[];
  handed: Block[];
  frame: Frame;
  workspace: Workspace;
  clock: Clock;
  cancellation: CancellationScope;
  budgets: Budget[];
  /** Through how many plans the event has come that it handles; 0 where it handles none. */
  hops: number;
  /** How long one call may wait for its vendor. */
  vendorWaitMs: number;
  /** Set once something of ours ended this step; its activities are cancelled at the same moment. */
  ending: Stopped | null;
  progress: Progress;
  /** How many evaluations, decisions of people and waits its pattern has asked for on this walk. */
  evaluations: number;
  decisions: number;
  waits: number;
}

export interface RootLimits {
  budget: Budget;
  vendorWaitMs: number;
}

/** A step under way. */
export interface Running {
  outcome: Promise<Outcome>;
  /** Ends it for a reason of ours, unless it is ending already. */
  end(cause: Stopped['cause'], reason: string, owner?: string): void;
}

export function rootNode(
  names: Names,
  { clock, progress, workspace }: { clock: Clock; progress: Progress; workspace: Workspace },
  { budget, vendorWaitMs }: RootLimits,
): Node {
  progress.clock = clock;
  progress.frame ??= new Map();
  return {
    path: '',
    parent: null,
    names,
    preceding: [],
    handed: [],
    frame: { steps: progress.frame, parent: null },
    workspace,
    clock,
    cancellation: CancellationScope.current(),
    budgets: [budget],
    hops: 0,
    vendorWaitMs,
    ending: null,
    progress,
    evaluations: 0,
    decisions: 0,
    waits: 0,
  };
}

/** The path of a step below another. The root step's place is `root`, which paths below leave out. */
export function childPath(parent: Node, place: string): string {
  return parent.parent === null ? place : pathOf(parent.path, place);
}

/** The node of a step below another, with what an earlier Temporal run knows of it. */
export function childNode(
  parent: Node,
  step: Pick<StepNode, 'limits'>,
  path: string,
  position: Position,
): Node {
  const progress = parent.progress.inside.get(path) ?? createProgress();
  if (position.repeated === true) progress.frame ??= new Map();
  const cancellation = new CancellationScope();
  if (progress.ending !== null) cancellation.cancel();
  return {
    path,
    parent,
    names: { ...parent.names, ...position.names },
    preceding: [...parent.preceding, ...(position.preceding ?? [])],
    handed: position.handed ?? [],
    frame: progress.frame === null ? parent.frame : { steps: progress.frame, parent: parent.frame },
    workspace: parent.workspace,
    clock: parent.clock.child(),
    cancellation,
    hops: Math.max(parent.hops, position.hops ?? 0),
    vendorWaitMs: step.limits?.vendorWaitMs ?? parent.vendorWaitMs,
    budgets:
      step.limits === undefined && position.slice === undefined
        ? parent.budgets
        : [...parent.budgets, budgetOf(path, step.limits, position.slice)],
    ending: progress.ending,
    progress,
    evaluations: 0,
    decisions: 0,
    waits: 0,
  };
}

/** No limit of its own on money means that the run's alone holds: this is more than any run may cost. */
const unlimitedNano = 1e15;

function budgetOf(path: string, limits: StepNode['limits'], slice: Slice | undefined): Budget {
  return {
    id: `step:${path}`,
    costNano: limits?.costNano ?? slice?.costNano ?? unlimitedNano,
    // A limit that the plan lifts is null, and no share stands in for it.
    tokens: limits?.tokens === undefined ? (slice?.tokens ?? null) : limits.tokens,
    modelCalls: limits?.modelCalls === undefined ? (slice?.modelCalls ?? null) : limits.modelCalls,
  };
}

export function lookup(node: Node, name: string): Value {
  const own = node.names[name];
  if (Object.hasOwn(node.names, name) && own !== undefined) return own;
  if (name === 'workspace') return node.workspace.whole();
  if (name.startsWith('steps.')) {
    const id = name.slice('steps.'.length);
    for (let frame: Frame | null = node.frame; frame !== null; frame = frame.parent) {
      const known = frame.steps.get(id);
      if (known !== undefined) return known;
    }
    // A step that has not run, because a condition or a failure passed it by, is all null.
    return { parts: { output: nothing, status: { inline: 'pending' }, decision: nothing } };
  }
  return nothing;
}

/** The values of all names that an expression uses. */
export function namesFor(node: Node, expression: Expression): Names {
  return Object.fromEntries(expression.uses.map((name) => [name, lookup(node, name)]));
}

/** A step whose work begins now. */
export function running(node: Node, work: () => Promise<Outcome>): Running {
  const { path } = node;
  const outcome = node.cancellation.run(work).finally(() => {
    node.clock.close();
  });
  return {
    outcome,
    end(cause, reason, owner = path) {
      endNode(node, { cause, owner, step: path, reason });
    },
  };
}

/** Ends a step for a reason of ours, unless it is ending already. */
export function endNode(node: Node, stopped: Omit<Stopped, 'type' | 'value'>): void {
  if (node.ending !== null) return;
  node.progress.ending = node.ending = { type: 'stopped', value: nothing, ...stopped };
  node.cancellation.cancel();
}

/** Why a step's work was cancelled, the outermost reason first; null where Temporal cancelled the run. */
export function endingOf(node: Node): Stopped | null {
  const above = node.parent === null ? null : endingOf(node.parent);
  return above ?? node.ending;
}
