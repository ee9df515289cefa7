import type { ParallelStep, Plan, Step } from '../contract/plan';
import type { ParallelNode, Skeleton, StepNode } from '../contract/skeleton';
import type { Json } from '../contract/value';
import { durationMs, usdToNano } from './defaults';
import { pointerTo } from './json';
import { choiceNode, hierarchyNode, routerNode, supervisorNode } from './skeleton-choosing';
import { debateNode, refineNode, reviewNode } from './skeleton-judging';
import { planLimits } from './skeleton-limits';
import { child, context, expression, frameOf, type At, type StepFrame } from './skeleton-place';
import { approvalNode, emitNode, heldNode, questionNode, waitNode } from './skeleton-waiting';

/** What the workflow needs of a manifest's agent. */
interface CallableAgent {
  models: { id: string }[];
  maxContinuations: number;
  output?: Json;
}

/** What the workflow knows of a plan: no prompt, no schema, but where each stands in it. */
export function toSkeleton(plan: Plan, agents: { [name: string]: CallableAgent }): Skeleton {
  return {
    plan: { name: plan.name, version: plan.version },
    agents: Object.fromEntries(
      Object.entries(agents).map(([name, { models, maxContinuations, output }]) => [
        name,
        { models: models.map(({ id }) => id), maxContinuations, structured: output !== undefined },
      ]),
    ),
    limits: planLimits(plan),
    alerts: plan.alerts?.costUsd === undefined ? {} : { costNano: usdToNano(plan.alerts.costUsd) },
    checksOutput: plan.output !== undefined,
    flow: nodeOf(plan.flow, { plan, pointer: '/flow', usualContext: 'auto', before: [], nodeOf }),
  };
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
    case 'supervisor':
      return supervisorNode(step, at, frame);
    case 'hierarchy':
      return hierarchyNode(step, at, frame);
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
