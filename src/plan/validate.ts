import { limits } from '../contract/limits';
import type { Plan } from '../contract/plan';
import type { Json } from '../contract/value';
import { checkDurations } from './check-durations';
import { checkModels, type Models } from './check-models';
import { checkNames } from './check-names';
import { checkSchemas } from './check-schemas';
import { checkShape } from './check-shape';
import { checkSteps } from './check-steps';
import { checkText } from './check-text';
import { checkTriggers } from './check-triggers';
import { checkWaits } from './check-waits';
import { graphOf, type PlanGraph } from './graph';
import { member } from './json';
import { problem, type PlanProblem } from './problem';
import {
  checkSubPlans,
  gatherPlans,
  longestLine,
  onceStored,
  type FindPlan,
  type Judged,
  type Judging,
  type SubPlans,
} from './sub-plans';
import { walk } from './walk';
import { warnOfLimits } from './warn-of-limits';

export interface Validation {
  /** With its defaults filled in; null where there is any error. */
  plan: Plan | null;
  /** All of them, the first `limits.problemErrorsMax`. */
  errors: PlanProblem[];
  /** What may disappoint but can run. */
  warnings: PlanProblem[];
  graph: PlanGraph;
  /** The plans that it runs, itself or through others; all that can run. */
  subPlans: SubPlans;
}

/**
 * Says everything that is wrong with a plan at once. What a plan means is looked at even where its
 * shape is wrong elsewhere. `find` looks up the plans that its steps run.
 */
export async function validatePlan(
  json: Json,
  models: Models,
  find: FindPlan = () => Promise.resolve(null),
): Promise<Validation> {
  const stored = await gatherPlans(json, onceStored(json, find));
  const judged = new Map<string, Judged>();
  const subPlans = new Map<string, Plan>();
  const judge: Judging['judge'] = async (reference, sub, within) => {
    const known = judged.get(reference);
    if (known !== undefined) return known;
    const { plan, errors, line } = await checked(sub, models, { stored, within, judge });
    if (plan !== null) subPlans.set(reference, plan);
    judged.set(reference, { plan, errors, line });
    return { plan, errors, line };
  };
  const { plan, errors, warnings, graph } = await checked(json, models, { stored, within: [], judge });
  const allWarnings = [...warnings, ...(plan === null ? [] : warnOfLimits(plan, { models, subPlans }))];
  return { plan, errors, warnings: distinct(allWarnings), graph, subPlans };
}

type Checked = Omit<Validation, 'subPlans'> & Judged;

async function checked(json: Json, models: Models, judging: Judging): Promise<Checked> {
  const text = checkText(json);
  if (text.tooMuch)
    return { plan: null, errors: text.errors, warnings: [], graph: { nodes: [], edges: [] }, line: 0 };
  const visits = walk(member(json, 'flow'));
  const shape = checkShape(json);
  const ofModels = checkModels(json, models);
  const ofSubPlans = await checkSubPlans(json, visits, judging);
  const errors = [
    ...text.errors,
    ...shape.errors,
    ...checkSteps(json, visits, ofSubPlans.lines),
    ...ofSubPlans.errors,
    ...checkDurations(json, visits),
    ...checkWaits(visits),
    ...checkTriggers(json),
    ...(await checkNames(json, visits)),
    ...ofModels.errors,
    ...(shape.plan === null ? [] : checkCaps(shape.plan)),
    ...(await checkSchemas(json, visits)),
  ];
  return {
    plan: errors.length === 0 ? shape.plan : null,
    errors: distinct(errors),
    warnings: ofModels.warnings,
    graph: graphOf(visits),
    line: longestLine(visits, ofSubPlans.lines),
  };
}

function checkCaps(plan: Plan): PlanProblem[] {
  return Object.entries(plan.agents).flatMap(([name, { minOutputTokens, maxOutputTokens }]) => {
    if (minOutputTokens === undefined || minOutputTokens <= maxOutputTokens) return [];
    const message = `minOutputTokens ${String(minOutputTokens)} is more than maxOutputTokens ${String(maxOutputTokens)}.`;
    return [problem(`/agents/${name}/minOutputTokens`, 'validation_failed', message)];
  });
}

function distinct(problems: PlanProblem[]): PlanProblem[] {
  const byText = new Map(problems.map((each) => [`${each.path}\n${each.code}\n${each.message}`, each]));
  return [...byText.values()].slice(0, limits.problemErrorsMax);
}
