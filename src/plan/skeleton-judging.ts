import type { DebateStep, RefineStep, ReviewStep } from '../contract/plan';
import type { DebateNode, RefineNode, ReviewNode } from '../contract/skeleton';
import { pointerTo } from './json';
import { checksNode, child, context, expression, type At, type StepFrame } from './skeleton-place';

export function reviewNode(step: ReviewStep, at: At, frame: StepFrame): ReviewNode {
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

export function refineNode(step: RefineStep, at: At, frame: StepFrame): RefineNode {
  const { type, evaluator, threshold, maxIterations, onExhausted, prompt, criteria, generator } = step;
  return {
    ...{ type, ...frame, evaluator, threshold, maxIterations, onExhausted },
    context: context(step.context, { ...at, usualContext: 'none' }),
    ...(prompt === undefined ? {} : { prompt: expression(at, 'prompt', prompt) }),
    ...(criteria === undefined ? {} : { criteria: expression(at, 'criteria', criteria) }),
    ...checksNode(step.checks, at),
    generator: child(generator, { ...at, before: [] }, 'generator'),
  };
}

export function debateNode(step: DebateStep, at: At, frame: StepFrame): DebateNode {
  const { type, panel, rounds, judge, minConfidence, strict, onDisagreement, prompt } = step;
  const isStructured = at.plan.agents[judge]?.output !== undefined;
  return {
    ...{ type, ...frame, panel, rounds, judge, minConfidence, strict, onDisagreement },
    context: context(step.context, at),
    ...(prompt === undefined ? {} : { prompt: expression(at, 'prompt', prompt) }),
    ...(isStructured ? { answerAt: pointerTo('/agents', judge, 'output') } : {}),
  };
}
