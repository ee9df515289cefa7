import type { Json } from '../contract/value';
import { planFinder } from '../ledger/plans';
import { readUsableVendors } from '../ledger/vendors';
import { member } from '../plan/json';
import { parsePlanText } from '../plan/parse';
import type { PlanProblem } from '../plan/problem';
import { validatePlan } from '../plan/validate';
import type { Ports } from './ports';

/** What is wrong with the plan that an answer holds, one line a fault; null where it could run. */
export async function draftErrors(
  { database, catalog }: Ports,
  tenant: string,
  answer: Json,
): Promise<string | null> {
  const text = member(answer, 'plan');
  const read = parsePlanText(typeof text === 'string' ? text : '', 'yaml');
  if (read.type === 'malformed') return told(read.errors);
  const usable = await readUsableVendors(database);
  const { plan, errors } = await validatePlan(read.json, { catalog, usable }, planFinder(database, tenant));
  return plan === null ? told(errors) : null;
}

function told(errors: Pick<PlanProblem, 'path' | 'message'>[]): string {
  return errors.map(({ path, message }) => `${path === '' ? 'plan' : path} ${message}`).join('\n');
}
