import type { Plan, Step } from '../contract/plan';
import { defaultModelCalls, planDefaults, usdToNano } from './defaults';
import { isUsable, type Models } from './check-models';
import { problem, type PlanProblem } from './problem';

/** What a part of a plan may use when every call answers once and to its cap. Money in nano-USD. */
interface Spending {
  calls: number;
  outputTokens: number;
  costNano: number;
}

const nothingSpent: Spending = { calls: 0, outputTokens: 0, costNano: 0 };

/**
 * Warns of limits that the plan's own caps can exceed: revisions, output caps and branches at their
 * most, retries and continuations left out, a list of unknown length counted as one item.
 */
export function warnOfLimits(plan: Plan, models: Models): PlanProblem[] {
  const most = spendingOf(plan.flow, plan, models);
  const { costUsd = planDefaults.costUsd, tokens = planDefaults.tokens } = plan.limits ?? {};
  const { modelCalls = defaultModelCalls(Object.keys(plan.agents).length) } = plan.limits ?? {};
  const warnings: PlanProblem[] = [];
  const warn = (limit: string, message: string) => {
    const path = plan.limits !== undefined && limit in plan.limits ? `/limits/${limit}` : '/limits';
    warnings.push(problem(path, 'limit_may_be_exceeded', message));
  };
  if (most.costNano > usdToNano(costUsd)) {
    const usd = (most.costNano / 1e9).toFixed(4);
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

function spendingOf(step: Step, plan: Plan, models: Models): Spending {
  const own = ownSpending(step, plan, models);
  const { onFailure } = step;
  return typeof onFailure === 'object' && 'step' in onFailure
    ? sum([own, spendingOf(onFailure.step, plan, models)])
    : own;
}

function ownSpending(step: Step, plan: Plan, models: Models): Spending {
  const inside = (child: Step | undefined) =>
    child === undefined ? nothingSpent : spendingOf(child, plan, models);
  switch (step.type) {
    case 'agent':
      return callOf(step.agent, plan, models);
    case 'sequence':
      return sum(step.steps.map(inside));
    case 'parallel': {
      const items = Array.isArray(step.forEach) ? step.forEach.length : 1;
      return sum([
        ...Object.values(step.branches ?? {}).map(inside),
        times(items, inside(step.step)),
        inside(step.reduce),
      ]);
    }
    case 'review': {
      const revisions = step.revise === undefined ? 0 : step.maxRevisions;
      return sum([
        times(revisions + 1, callOf(step.reviewer, plan, models)),
        times(revisions, inside(step.revise)),
      ]);
    }
    case 'router':
      return sum([
        callOf(step.classifier, plan, models),
        most([
          ...Object.values(step.routes).map((route) => inside(route.step)),
          ...(typeof step.otherwise === 'object' ? [inside(step.otherwise)] : []),
        ]),
      ]);
    // Each assignment once, by the dearest worker; its tries are the supervisor's to spend.
    case 'supervisor':
      return sum([
        times(step.maxRounds + 1, callOf(step.supervisor, plan, models)),
        times(step.maxAssignments, most(Object.values(step.workers).map((worker) => inside(worker.step)))),
        inside(step.final),
      ]);
    case 'choice':
      return most([...step.cases.map((each) => inside(each.step)), inside(step.otherwise)]);
    case 'refine':
      return times(step.maxIterations, sum([inside(step.generator), callOf(step.evaluator, plan, models)]));
    case 'debate': {
      const round = sum(step.panel.map((name) => callOf(name, plan, models)));
      return sum([times(step.rounds, round), callOf(step.judge, plan, models)]);
    }
    case 'approval':
      return times(step.maxRevisions ?? planDefaults.approvalRevisions, inside(step.revise));
    case 'question':
    case 'wait':
    case 'set':
      return nothingSpent;
  }
}

function callOf(name: string, plan: Plan, { catalog, usable }: Models): Spending {
  const agent = Object.hasOwn(plan.agents, name) ? plan.agents[name] : undefined;
  if (agent === undefined) return nothingSpent;
  const model = [agent.model]
    .flat()
    .map((each) => catalog.resolve(each))
    .find((each) => each !== null && isUsable(each, usable));
  const outputTokens = Math.min(agent.maxOutputTokens, model?.outputTokensMax ?? agent.maxOutputTokens);
  return { calls: 1, outputTokens, costNano: outputTokens * (model?.price?.outputNano ?? 0) };
}

function sum(parts: Spending[]): Spending {
  return parts.reduce(
    (total, part) => ({
      calls: total.calls + part.calls,
      outputTokens: total.outputTokens + part.outputTokens,
      costNano: total.costNano + part.costNano,
    }),
    nothingSpent,
  );
}

/** What the dearest of several ways may use, each figure by itself. */
function most(ways: Spending[]): Spending {
  const largest = (figure: keyof Spending) => Math.max(0, ...ways.map((way) => way[figure]));
  return { calls: largest('calls'), outputTokens: largest('outputTokens'), costNano: largest('costNano') };
}

function times(count: number, part: Spending): Spending {
  return {
    calls: count * part.calls,
    outputTokens: count * part.outputTokens,
    costNano: count * part.costNano,
  };
}
