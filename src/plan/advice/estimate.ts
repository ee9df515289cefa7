import type { Estimate } from '../../contract/advice-api';
import { limits } from '../../contract/limits';
import type { Plan } from '../../contract/plan';
import type { Json } from '../../contract/value';
import type { Models } from '../check-models';
import type { Life, Spending } from '../measure';
import { planLimits } from '../skeleton-limits';
import { spendingOf } from '../spending';
import { withDeclaredNulls } from '../template';
import { agentsIn, type SubPlans } from '../sub-plans';

/** What runs of the same plan have come to, on average. */
export interface PastRuns {
  runs: number;
  calls: number;
  costNano: number;
  seconds: number;
}

/** Entries of a list whose length only the run tells. */
const unknownItems = {
  least: 0,
  usual: 5,
  most: limits.forEachItemsMax,
  worst: limits.forEachItemsMax,
} as const;

interface Known {
  models: Models;
  /** The plans that it runs. */
  subPlans?: SubPlans;
  input: Json;
  past: PastRuns | null;
}

/**
 * What a run of a plan will use. The bounds come from the plan's shape and limits; what is expected
 * comes from past runs where there are any, else from the shape.
 */
export function estimateOf(
  plan: Plan,
  { models, subPlans = new Map(), input, past }: Known,
): Omit<Estimate, 'warnings'> {
  const measured = (life: Life): Spending =>
    spendingOf(plan.flow, {
      ...{ plan, models, subPlans, life, seenTokens: 0 },
      input: withDeclaredNulls(plan.input, input),
      unknownItems: unknownItems[life],
    });
  const { costNano = Infinity, modelCalls } = planLimits(plan, agentsIn(plan, subPlans));
  const lives = { least: measured('least'), usual: measured('usual'), worst: measured('worst') };
  const range = (figure: (spent: Spending) => number, bound: number, usual: number | undefined): Range => {
    const max = Math.min(bound, Number.MAX_SAFE_INTEGER, Math.ceil(figure(lives.worst)));
    const min = Math.min(max, Math.floor(figure(lives.least)));
    const expected = Math.round(usual ?? figure(lives.usual));
    return { min, expected: Math.min(max, Math.max(min, expected)), max };
  };
  const cost = range(({ inputNano, outputNano }) => inputNano + outputNano, costNano, past?.costNano);
  return {
    modelCalls: range(({ calls }) => calls, modelCalls ?? Infinity, past?.calls),
    costUsd: { min: cost.min / 1e9, expected: cost.expected / 1e9, max: cost.max / 1e9 },
    seconds: Math.round((past?.seconds ?? lives.usual.seconds) * 10) / 10,
    pastRuns: past?.runs ?? 0,
  };
}

type Range = Estimate['modelCalls'];
