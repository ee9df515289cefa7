import { LRUCache } from 'lru-cache';
import type { StartRun } from '../../contract/api';
import type { Limits, Plan } from '../../contract/plan';
import type { ProblemIssue } from '../../contract/problems';
import { listVersions, planFinder } from '../../ledger/plans';
import type { Models } from '../../plan/check-models';
import { durationMs, usdToNano } from '../../plan/defaults';
import { planLimits } from '../../plan/skeleton-limits';
import { agentsIn, type SubPlans } from '../../plan/sub-plans';
import { validatePlan } from '../../plan/validate';
import { invalidInput, ProblemError } from '../problem';
import type { Service } from '../service';

const timeoutMsMax = durationMs('365d');

interface ChosenPlan {
  plan: Plan;
  /** The plans that it runs. */
  subPlans: SubPlans;
  warnings: ProblemIssue[];
}

interface KnownPlan {
  chosen: ChosenPlan;
  catalog: Models['catalog'];
}

/**
 * Plans that were judged before, by what they say and whom they can call: the same one starts many
 * runs. Those that run others are judged each time, since a new version of these may be there. Up to
 * some 16 MB.
 */
const knownPlans = new LRUCache<string, KnownPlan>({
  maxSize: 4_000_000,
  sizeCalculation: (_, { length }) => length,
});

/** The plan that a start names or brings, valid for the models there are now. Throws a problem. */
export async function chosenPlan(
  service: Service,
  { tenant, plan: given, models }: { tenant: string; plan: StartRun['plan']; models: Models },
): Promise<ChosenPlan> {
  const { database } = service;
  const find = planFinder(database, tenant);
  const json =
    typeof given === 'string'
      ? ((await find(given)) ?? refuse(given, await listVersions(database, tenant, given)))
      : given;
  const known = JSON.stringify([models.usable, json]);
  const before = knownPlans.get(known);
  if (before?.catalog === models.catalog) return before.chosen;
  const { plan, errors, warnings, subPlans } = await validatePlan(json, models, find);
  const inPlan = <Issue extends ProblemIssue>(issue: Issue): Issue => ({
    ...issue,
    path: `/plan${issue.path}`,
  });
  if (plan !== null) {
    const chosen = { plan, subPlans, warnings: warnings.map(inPlan) };
    if (subPlans.size === 0) knownPlans.set(known, { chosen, catalog: models.catalog });
    return chosen;
  }
  const noGateway =
    models.usable.vendors.length === 0 && errors.every(({ code }) => code === 'model_not_usable');
  // It is not the plan that is wrong.
  if (noGateway) throw new ProblemError('not_ready', 'No gateway is there to call models.');
  const detail = typeof given === 'string' ? `The plan ${given} can not run now.` : 'The plan is not valid.';
  throw invalidInput(detail, errors.map(inPlan));
}

/** What a bare name means is a release: a plan of which only pre-releases are stored has none. */
function refuse(reference: string, known: Awaited<ReturnType<typeof listVersions>>): never {
  const newest = known?.versions[0];
  const message =
    newest === undefined
      ? `There is no plan ${JSON.stringify(reference)}.`
      : `The plan ${JSON.stringify(reference)} has no release; its newest version is ${newest.name}@${newest.version}.`;
  throw invalidInput(message, [{ path: '/plan', code: 'unknown_plan', message }]);
}

type LowerLimits = NonNullable<NonNullable<StartRun['options']>['limits']>;

/** The plan under the limits of one start, which can only be lower than its own. Throws a problem. */
export function withLowerLimits({ plan, subPlans }: ChosenPlan, lower: LowerLimits | undefined): Plan {
  if (lower === undefined) return plan;
  const own = planLimits(plan, agentsIn(plan, subPlans));
  const errors: ProblemIssue[] = [];
  const demand = (
    name: keyof LowerLimits,
    value: number | undefined,
    bound: number | null | undefined,
  ): void => {
    if (value === undefined || bound === null || bound === undefined || value <= bound) return;
    const path = `/options/limits/${name}`;
    errors.push({
      path,
      code: 'limit_exceeded',
      message: 'Is more than the plan allows; it can only be lower.',
    });
  };
  demand('costUsd', lower.costUsd === undefined ? undefined : usdToNano(lower.costUsd), own.costNano);
  demand('tokens', lower.tokens, own.tokens);
  demand('modelCalls', lower.modelCalls, own.modelCalls);
  demand(
    'timeout',
    lower.timeout === undefined ? undefined : durationMs(lower.timeout),
    own.timeoutMs ?? timeoutMsMax,
  );
  if (errors.length > 0) throw invalidInput('The limits are higher than those of the plan.', errors);
  return { ...plan, limits: { ...plan.limits, ...(lower as Limits) } };
}
