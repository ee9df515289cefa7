import type { ParallelStep, Plan, PlanStep, Step } from '../contract/plan';
import type { LimitsNode } from '../contract/node-parts';
import type { ParallelNode, PlanNode, SelectNode, Skeleton, StepNode } from '../contract/skeleton';
import type { Json } from '../contract/value';
import { durationMs, usdToNano } from './defaults';
import { pointerTo } from './json';
import { namesUsedByCondition } from './names';
import { choiceNode, hierarchyNode, routerNode, supervisorNode } from './skeleton-choosing';
import { debateNode, refineNode, reviewNode } from './skeleton-judging';
import { planLimits } from './skeleton-limits';
import {
  agentsFrozen,
  child,
  context,
  expression,
  frameOf,
  type At,
  type FrozenPlan,
  type StepFrame,
} from './skeleton-place';
import { approvalNode, emitNode, eventsNode, heldNode, questionNode, waitNode } from './skeleton-waiting';

/** What the workflow needs of a manifest's agent. */
interface CallableAgent {
  models: { id: string }[];
  lists?: number[];
  maxContinuations: number;
  output?: Json;
}

interface FrozenWhole {
  plan: Plan;
  agents: { [name: string]: CallableAgent };
  plans?: { [reference: string]: FrozenPlan };
}

/** What the workflow knows of a plan: no prompt, no schema, but where each stands in it. */
export function toSkeleton({ plan, agents, plans = {} }: FrozenWhole): Skeleton {
  return {
    plan: { name: plan.name, version: plan.version },
    agents: Object.fromEntries(
      Object.entries(agents).map(([name, { models, lists, maxContinuations, output }]) => [
        name,
        {
          ...{ models: models.map(({ id }) => id), maxContinuations, structured: output !== undefined },
          ...(lists === undefined ? {} : { select: selectNode(plan, name, lists) }),
        },
      ]),
    ),
    limits: planLimits(plan, agentsFrozen({ plan, plans })),
    alerts: plan.alerts?.costUsd === undefined ? {} : { costNano: usdToNano(plan.alerts.costUsd) },
    checksOutput: plan.output !== undefined,
    flow: nodeOf(plan.flow, { plan, plans, pointer: '/flow', usualContext: 'auto', before: [], nodeOf }),
  };
}

function selectNode(plan: Plan, name: string, lists: number[]): SelectNode {
  const conditions = (plan.agents[name]?.select ?? []).map(({ when }) => when);
  const uses = namesUsedByCondition({ any: conditions });
  return { at: pointerTo('/agents', name, 'select'), uses, lists };
}

function nodeOf(step: Step, at: At): StepNode {
  const frame = frameOf(step, at);
  switch (step.type) {
    case 'agent': {
      const { type, agent } = step;
      return {
        type,
        ...frame,
        agent,
        prompt: expression(at, 'prompt', step.prompt),
        context: context(step.context, at),
        ...heldNode(step, at),
        ...(frame.onFailure.type === 'cached' ? { keptMs: frame.onFailure.maxAgeMs } : {}),
      };
    }
    case 'sequence': {
      const pointers = step.steps.map((_, index) => pointerTo(at.pointer, 'steps', index));
      const steps = step.steps.map((child, index) =>
        nodeOf(child, {
          ...at,
          pointer: pointers[index] ?? '',
          before: [...at.before, ...pointers.slice(0, index)],
        }),
      );
      return { type: step.type, ...frame, steps };
    }
    case 'parallel':
      return parallelNode(step, at, frame);
    case 'review':
      return reviewNode(step, at, frame);
    case 'approval':
      return approvalNode(step, at, frame);
    case 'question':
      return questionNode(step, at, frame);
    case 'router':
      return routerNode(step, at, frame);
    case 'refine':
      return refineNode(step, at, frame);
    case 'debate':
      return debateNode(step, at, frame);
    case 'choice':
      return choiceNode(step, at, frame);
    case 'wait':
      return waitNode(step, at, frame);
    case 'emit':
      return emitNode(step, at, frame);
    case 'events':
      return eventsNode(step, at, frame);
    case 'supervisor':
      return supervisorNode(step, at, frame);
    case 'hierarchy':
      return hierarchyNode(step, at, frame);
    case 'plan':
      return planNode(step, at, frame);
    case 'set':
      return { type: step.type, ...frame, value: expression(at, 'value', step.value) };
  }
}

function parallelNode(step: ParallelStep, at: At, frame: StepFrame): ParallelNode {
  const { type, concurrency, require, cancelRest, onLate, branchTimeout, forEach, reduce } = step;
  const branches = Object.entries(step.branches ?? {}).map(([name, branch]) => ({
    name,
    step: child(branch, at, 'branches', name),
  }));
  return {
    ...{ type, ...frame, concurrency, require, cancelRest, onLate },
    ...(forEach === undefined ? {} : { shortMisses: true as const }),
    branches:
      forEach === undefined || step.step === undefined
        ? branches
        : {
            forEach: expression(at, 'forEach', forEach),
            as: step.as ?? 'item',
            step: child(step.step, at, 'step'),
          },
    ...(branchTimeout === undefined ? {} : { branchTimeoutMs: durationMs(branchTimeout) }),
    placeholder: expression(at, 'placeholder', step.placeholder),
    ...(reduce === undefined
      ? {}
      : { reduce: child(reduce, { ...at, usualContext: 'none', before: [] }, 'reduce') }),
  };
}

/** It is a child workflow anyway, and its plan's limits count as those of the step do. */
function planNode({ type, plan: reference, input }: PlanStep, at: At, frame: StepFrame): PlanNode {
  const sub = at.plans[reference];
  if (sub === undefined) throw new Error(`The plan ${reference} was not frozen.`);
  const { limits } = frame;
  const node: PlanNode = {
    ...{ type, ...frame, plan: sub.plan, manifest: sub.manifest },
    limits: limits === undefined ? sub.limits : tighter(limits, sub.limits),
    ...(input === undefined ? {} : { input: expression(at, 'input', input) }),
  };
  delete node.isolate;
  return node;
}

/** The lower of each; what happens at a limit says the step. A limit that one lifts is the other's. */
function tighter(own: LimitsNode, other: LimitsNode): LimitsNode {
  const figures = ['costNano', 'tokens', 'modelCalls', 'timeoutMs', 'vendorWaitMs'] as const;
  const lower = figures.map(
    (name) => [name, Math.min(own[name] ?? Infinity, other[name] ?? Infinity)] as const,
  );
  const bounds = Object.fromEntries(lower.filter(([, value]) => value !== Infinity));
  return { tokens: null, modelCalls: null, timeoutMs: null, ...bounds, onExceeded: own.onExceeded };
}
