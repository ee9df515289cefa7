import type { Plan } from '../contract/plan';
import type { Models } from './check-models';
import { planDefaults, usdToNano } from './defaults';
import { problem, type PlanProblem } from './problem';
import { planLimits } from './skeleton-limits';
import { spendingOf } from './spending';
import { agentsIn, type SubPlans } from './sub-plans';

/**
 * Warns of limits that the plan's own caps can exceed: revisions, output caps and branches at their
 * most, retries and continuations left out, a list of unknown length counted as one item.
 */
export function warnOfLimits(
  plan: Plan,
  { models, subPlans }: { models: Models; subPlans: SubPlans },
): PlanProblem[] {
  const most = spendingOf(plan.flow, {
    plan,
    models,
    subPlans,
    life: 'most',
    unknownItems: 1,
    seenTokens: 0,
  });
  const { costUsd = planDefaults.costUsd, tokens = planDefaults.tokens } = plan.limits ?? {};
  const { modelCalls = null } = planLimits(plan, agentsIn(plan, subPlans));
  const warnings: PlanProblem[] = [];
  const warn = (limit: string, message: string) => {
    const path = plan.limits !== undefined && limit in plan.limits ? `/limits/${limit}` : '/limits';
    warnings.push(problem(path, 'limit_may_be_exceeded', message));
  };
  if (most.outputNano > usdToNano(costUsd)) {
    const usd = (most.outputNano / 1e9).toFixed(4);
    warn('costUsd', `The answers alone may cost up to ${usd} USD; the limit is ${String(costUsd)} USD.`);
  }
  if (tokens !== null && most.outputTokens > tokens)
    warn(
      'tokens',
      `The answers alone may have ${String(most.outputTokens)} tokens; the limit is ${String(tokens)}.`,
    );
  if (modelCalls !== null && most.calls > modelCalls)
    warn('modelCalls', `The flow may make ${String(most.calls)} calls; the limit is ${String(modelCalls)}.`);
  return warnings;
}
