import type { Draft } from '../../contract/advice-api';
import type { Run } from '../../contract/api';
import { runEnds } from '../../contract/workflow';
import { planFinder } from '../../ledger/plans';
import { draftingPlanName } from '../../plan/advice/draft-plan';
import { estimateOf } from '../../plan/advice/estimate';
import { member } from '../../plan/json';
import { parsePlanText } from '../../plan/parse';
import { validatePlan } from '../../plan/validate';
import { viewRun } from '../runs/run-view';
import type { Service } from '../service';
import { currentModels } from './models';

/** What became of a draft, judged by the models there are now. Null where there is no such run. */
export async function viewDraft(service: Service, tenant: string, id: string): Promise<Draft | null> {
  const run = await viewRun(service, tenant, id);
  if (run?.plan.name !== draftingPlanName) return null;
  const { status, usage, simulated } = run;
  const about = { run: id, status, usage, simulated, error: errorOf(run) };
  const output = run.result?.output ?? null;
  const source = member(output, 'plan');
  const read = typeof source === 'string' ? parsePlanText(source, 'yaml') : null;
  if (typeof source !== 'string' || read?.type !== 'parsed') return { ...about, ...nothingYet };
  const models = await currentModels(service);
  const find = planFinder(service.database, tenant);
  const { plan, errors, warnings, subPlans } = await validatePlan(read.json, models, find);
  const estimate = plan === null ? null : estimateOf(plan, { models, subPlans, input: null, past: null });
  const reason = member(output, 'reason');
  return {
    ...about,
    plan: read.json,
    source,
    reason: typeof reason === 'string' ? reason : null,
    valid: plan !== null,
    errors,
    warnings,
    estimate: estimate === null ? null : { ...estimate, warnings },
  };
}

const nothingYet = {
  ...{ plan: null, source: null, reason: null, valid: null, estimate: null },
  errors: [],
  warnings: [],
} satisfies Partial<Draft>;

/** Why there is no plan, where its run has ended without one. */
function errorOf({ status, result }: Run): Draft['error'] {
  if (!(runEnds as readonly string[]).includes(status) || status === 'completed') return null;
  const { code, message } = result?.error ?? { code: status, message: `The run is ${status}.` };
  return { code, message };
}
