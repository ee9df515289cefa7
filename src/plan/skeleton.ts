import type {
  ApprovalStep,
  Check,
  Context,
  ParallelStep,
  Plan,
  QuestionStep,
  RouterStep,
  Step,
  WaitStep,
  SupervisorStep,
} from '../contract/plan';
import type {
  ApprovalNode,
  Expression,
  OnFailureNode,
  ParallelNode,
  QuestionNode,
  RouterNode,
  Skeleton,
  StepNode,
  WaitNode,
  SupervisorNode,
} from '../contract/skeleton';
import type { Json } from '../contract/value';
import { durationMs, planDefaults, usdToNano } from './defaults';
import { pointerTo } from './json';
import { answerSchema, contentSchema } from './content-schema';
import { namesUsed, namesUsedByCondition } from './names';
import { contextOf, planLimits, stepLimits } from './skeleton-limits';

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
    flow: nodeOf(plan.flow, { plan, pointer: '/flow', usualContext: 'auto', before: [] }),
  };
}

/** Where a step stands. */
interface At {
  plan: Plan;
  pointer: string;
  usualContext: 'auto' | 'none';
  /** Pointers of the steps before it in its line, the nearest last: what is `previous` comes from there. */
  before: string[];
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
    case 'review': {
      const { type, reviewer, maxRevisions, onExhausted, revise } = step;
      return {
        ...{ type, ...frame, reviewer, maxRevisions, onExhausted, context: context(step.context, at) },
        ...(step.prompt === undefined ? {} : { prompt: expression(at, 'prompt', step.prompt) }),
        ...(step.criteria === undefined ? {} : { criteria: expression(at, 'criteria', step.criteria) }),
        ...(step.of === undefined ? {} : { of: expression(at, 'of', step.of) }),
        ...checksNode(step.checks, at),
        ...(revise === undefined ? {} : { revise: child(revise, { ...at, before: [] }, 'revise') }),
      };
    }
    case 'approval':
      return approvalNode(step, at, frame);
    case 'question':
      return questionNode(step, at, frame);
    case 'router':
      return routerNode(step, at, frame);
    case 'choice':
      return {
        ...{ type: step.type, ...frame },
        cases: step.cases.map((each, index) => ({
          when: { at: pointerTo(at.pointer, 'cases', index, 'when'), uses: namesUsedByCondition(each.when) },
          step: child(each.step, at, 'cases', String(index), 'step'),
        })),
        ...(step.otherwise === undefined ? {} : { otherwise: child(step.otherwise, at, 'otherwise') }),
      };
    case 'wait':
      return waitNode(step, at, frame);
    case 'supervisor':
      return supervisorNode(step, at, frame);
    case 'set':
      return { type: step.type, ...frame, value: expression(at, 'value', step.value) };
  }
}

function approvalNode(step: ApprovalStep, at: At, frame: ReturnType<typeof frameOf>): ApprovalNode {
  const { type, risk, allow, onTimeout, onReject, revise } = step;
  const { maxRevisions = planDefaults.approvalRevisions } = step;
  const schemaAt = contentSchema(at.plan, step, at);
  return {
    ...{ type, ...frame, title: expression(at, 'title', step.title) },
    ...(step.content === undefined ? {} : { content: expression(at, 'content', step.content) }),
    ...(schemaAt === null ? {} : { schemaAt }),
    ...{ risk, allow, timeoutMs: durationMs(step.timeout), onTimeout, onReject },
    ...(revise === undefined ? {} : { maxRevisions, revise: child(revise, { ...at, before: [] }, 'revise') }),
  };
}

function questionNode(step: QuestionStep, at: At, frame: ReturnType<typeof frameOf>): QuestionNode {
  const { type, onTimeout } = step;
  return {
    ...{ type, ...frame, title: expression(at, 'title', step.title) },
    ...(step.content === undefined ? {} : { content: expression(at, 'content', step.content) }),
    ...{ answerAt: pointerTo(at.pointer, 'answer'), timeoutMs: durationMs(step.timeout), onTimeout },
  };
}

function parallelNode(step: ParallelStep, at: At, frame: ReturnType<typeof frameOf>): ParallelNode {
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

function routerNode(step: RouterStep, at: At, frame: ReturnType<typeof frameOf>): RouterNode {
  const { type, classifier, minConfidence, routes, otherwise } = step;
  return {
    ...{ type, ...frame, classifier, minConfidence },
    context: context(step.context, { ...at, usualContext: 'none' }),
    ...(step.prompt === undefined ? {} : { prompt: expression(at, 'prompt', step.prompt) }),
    routesAt: pointerTo(at.pointer, 'routes'),
    routes: Object.entries(routes).map(([name, route]) => ({
      name,
      step: child(route.step, at, 'routes', name, 'step'),
    })),
    ...(otherwise === undefined
      ? {}
      : { otherwise: otherwise === 'escalate' ? otherwise : child(otherwise, at, 'otherwise') }),
  };
}

function waitNode(step: WaitStep, at: At, frame: ReturnType<typeof frameOf>): WaitNode {
  const { type, event } = step;
  // Of an event they say which and how long, not whether and how long the step may work.
  const { when, timeoutMs, ...rest } = frame;
  if (event !== undefined) {
    const awaited = {
      type: 'event',
      event,
      timeoutMs: timeoutMs ?? durationMs(planDefaults.eventTimeout),
    } as const;
    return { type, ...rest, wait: { ...awaited, ...(when === undefined ? {} : { fits: when }) } };
  }
  if (step.for !== undefined) return { type, ...frame, wait: { type: 'for', ms: durationMs(step.for) } };
  return { type, ...frame, wait: { type: 'until', time: expression(at, 'until', step.until ?? '') } };
}

function supervisorNode(step: SupervisorStep, at: At, frame: ReturnType<typeof frameOf>): SupervisorNode {
  const { type, supervisor, maxRounds, maxAssignments, concurrency, reassignAfter, workers, final } = step;
  return {
    ...{ type, ...frame, supervisor, context: context(step.context, at) },
    ...{ maxRounds, maxAssignments, concurrency },
    ...(step.prompt === undefined ? {} : { prompt: expression(at, 'prompt', step.prompt) }),
    ...(reassignAfter === undefined ? {} : { reassignAfter }),
    ...checksNode(step.checks, at),
    workersAt: pointerTo(at.pointer, 'workers'),
    workers: Object.entries(workers).map(([name, worker]) => ({
      name,
      step: child(worker.step, { ...at, usualContext: 'none' }, 'workers', name, 'step'),
    })),
    ...(final === undefined ? {} : { final: child(final, { ...at, before: [] }, 'final') }),
  };
}

function frameOf(step: Step, at: At) {
  const { id, when, timeout, limits } = step;
  return {
    ...(id === undefined ? {} : { id }),
    ...(when === undefined
      ? {}
      : { when: { at: pointerTo(at.pointer, 'when'), uses: namesUsedByCondition(when) } }),
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout) }),
    ...(limits === undefined ? {} : { limits: stepLimits(limits) }),
    onFailure: onFailureNode(step, at),
  };
}

/** What is checked is the name `output`, which the pattern gives. */
function checksNode(checks: Check[] | undefined, at: At): { checks?: Expression } {
  if (checks === undefined) return {};
  const names = checks.flatMap(({ condition }) =>
    condition === undefined ? [] : namesUsedByCondition(condition),
  );
  const uses = [...new Set(names)].filter((name) => name !== 'output');
  return { checks: { at: pointerTo(at.pointer, 'checks'), uses } };
}

function onFailureNode(step: Step, at: At): OnFailureNode {
  const { onFailure = 'fail' } = step;
  if (onFailure === 'escalate') return { type: onFailure, answerAt: answerSchema(at.plan, step, at.pointer) };
  if (typeof onFailure === 'string') return { type: onFailure };
  const inside = { ...at, pointer: pointerTo(at.pointer, 'onFailure') };
  if ('step' in onFailure) return { type: 'step', step: child(onFailure.step, inside, 'step') };
  return { type: 'value', value: expression(inside, 'value', onFailure.value) };
}

function child(step: Step, at: At, ...names: string[]): StepNode {
  return nodeOf(step, { ...at, pointer: pointerTo(at.pointer, ...names) });
}

function context(written: Context | undefined, at: At) {
  return contextOf(written, at.plan.context, at.usualContext);
}

function expression(at: At, field: string, json: Json): Expression {
  return { at: pointerTo(at.pointer, field), uses: namesUsed(json) };
}
