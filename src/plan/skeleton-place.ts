import type { Check, Context, Plan, Step } from '../contract/plan';
import type { Expression, LimitsNode } from '../contract/node-parts';
import type { OnFailureNode, StepNode } from '../contract/skeleton';
import type { Json } from '../contract/value';
import { answerSchema } from './content-schema';
import { durationMs } from './defaults';
import { pointerTo } from './json';
import { namesUsed, namesUsedByChecks, namesUsedByCondition } from './names';
import { contextOf, stepLimits } from './skeleton-limits';

/** A plan that a step runs, frozen with the plan around it. */
export interface FrozenPlan {
  /** `name@version`. */
  plan: string;
  /** Hash of its own manifest. */
  manifest: string;
  limits: LimitsNode;
  /** How many agents it has, those of the plans that it runs included. */
  agents: number;
}

/** How many agents a frozen plan has, those of the plans that it runs included, each time that one is run. */
export function agentsFrozen({ plan, plans = {} }: Pick<At, 'plan'> & Partial<Pick<At, 'plans'>>): number {
  const own = Object.keys(plan.agents).length;
  return Object.values(plans).reduce((total, { agents }) => total + agents, own);
}

/** Where a step stands. */
export interface At {
  plan: Plan;
  /** The plans that its steps run, by reference. */
  plans: { [reference: string]: FrozenPlan };
  pointer: string;
  usualContext: 'auto' | 'none';
  /** Pointers of the steps before it in its line, the nearest last: what is `previous` comes from there. */
  before: string[];
  /** Makes the node of a step inside, which may be of any type. */
  nodeOf(step: Step, at: At): StepNode;
}

export function frameOf(step: Step, at: At) {
  const { id, when, timeout, limits, isolate } = step;
  return {
    ...(id === undefined ? {} : { id }),
    ...(when === undefined
      ? {}
      : { when: { at: pointerTo(at.pointer, 'when'), uses: namesUsedByCondition(when) } }),
    ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout) }),
    ...(limits === undefined ? {} : { limits: stepLimits(limits) }),
    ...(isolate === true ? { isolate } : {}),
    onFailure: onFailureNode(step, at),
  };
}

export function checksNode(checks: Check[] | undefined, at: At): { checks?: Expression } {
  if (checks === undefined) return {};
  return { checks: { at: pointerTo(at.pointer, 'checks'), uses: namesUsedByChecks(checks) } };
}

function onFailureNode(step: Step, at: At): OnFailureNode {
  const { onFailure = 'fail' } = step;
  if (onFailure === 'escalate') return { type: onFailure, answerAt: answerSchema(at.plan, step, at.pointer) };
  if (typeof onFailure === 'string') return { type: onFailure };
  if ('cached' in onFailure) return { type: 'cached', maxAgeMs: durationMs(onFailure.cached) };
  const inside = { ...at, pointer: pointerTo(at.pointer, 'onFailure') };
  if ('step' in onFailure) return { type: 'step', step: child(onFailure.step, inside, 'step') };
  return { type: 'value', value: expression(inside, 'value', onFailure.value) };
}

export function child(step: Step, at: At, ...names: string[]): StepNode {
  return at.nodeOf(step, { ...at, pointer: pointerTo(at.pointer, ...names) });
}

export function context(written: Context | undefined, at: At) {
  return contextOf(written, at.plan.context, at.usualContext);
}

export function expression(at: At, field: string, json: Json): Expression {
  return { at: pointerTo(at.pointer, field), uses: namesUsed(json) };
}

/** What every step has. */
export type StepFrame = ReturnType<typeof frameOf>;
