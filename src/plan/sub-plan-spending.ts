import type { PlanStep, Step } from '../contract/plan';
import { handedOn, handedText } from './handed-on';
import { nothingSpent, type Measuring, type Spending } from './measure';

/**
 * What a step uses that runs another plan, whose flow is measured by `spendingOf`. What that plan is
 * given only its run tells, but that it comes from what is known here.
 */
export function subPlanSpending(
  { plan, input }: PlanStep,
  at: Measuring,
  spendingOf: (flow: Step, inside: Measuring) => Spending,
): Spending {
  const sub = at.subPlans.get(plan);
  if (sub === undefined) return nothingSpent;
  const given = input === undefined ? handedOn(at, 0, 1) : handedText(at, input);
  const { models, life, subPlans, unknownItems, measured = new Map<string, Spending>() } = at;
  // Plans that run the same others many times over are measured once for about as much to see: no less of it.
  const seenTokens = given.outputTokens === 0 ? 0 : 2 ** Math.ceil(Math.log2(given.outputTokens));
  const key = JSON.stringify([plan, unknownItems, seenTokens]);
  const before = measured.get(key);
  if (before !== undefined) return before;
  const inside = { plan: sub, models, life, subPlans, unknownItems, seenTokens, measured };
  const spent = spendingOf(sub.flow, inside);
  measured.set(key, spent);
  return spent;
}
