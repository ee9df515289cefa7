import type { Catalog, CatalogModel, UsableVendors } from '../catalog/catalog';
import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { isObject, member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';

/** What models there are, and which can be called now. */
export interface Models {
  catalog: Catalog;
  usable: UsableVendors;
}

interface Findings {
  errors: PlanProblem[];
  warnings: PlanProblem[];
}

/** Whether a model of the catalog can be called now. */
export function isUsable(model: CatalogModel, usable: UsableVendors): boolean {
  return usable.simulated || usable.vendors.includes(model.vendor);
}

/** Agents whose models are unknown, can't be called or have no price, and caps that don't fit. */
export function checkModels(plan: Json, models: Models): Findings {
  const agents = member(plan, 'agents');
  const found: Findings = { errors: [], warnings: [] };
  for (const [name, agent] of Object.entries(isObject(agents) ? agents : {})) {
    checkAgent(plan, agent, pointerTo('/agents', name), models, found);
  }
  return found;
}

function checkAgent(plan: Json, agent: Json, pointer: string, models: Models, found: Findings): void {
  const select = member(agent, 'select');
  const entries = Array.isArray(select) ? select : [];
  const lists = [
    { written: member(agent, 'model'), at: pointerTo(pointer, 'model') },
    ...entries.map((entry, index) => ({
      written: member(entry, 'model'),
      at: pointerTo(pointer, 'select', index, 'model'),
    })),
  ];
  for (const list of lists) checkList({ plan, agent, pointer, ...list }, models, found);
}

interface List {
  plan: Json;
  agent: Json;
  /** Of the agent. */
  pointer: string;
  written: Json | undefined;
  at: string;
}

function checkList({ plan, agent, pointer, written, at }: List, models: Models, found: Findings): void {
  const list = Array.isArray(written) ? written : [written];
  const unusable: PlanProblem[] = [];
  let usableCount = 0;
  let unknownCount = 0;
  for (const [index, name] of list.entries()) {
    if (typeof name !== 'string') return;
    const path = Array.isArray(written) ? pointerTo(at, index) : at;
    const model = models.catalog.resolve(name);
    if (model === null) {
      unknownCount++;
      found.errors.push(
        problem(path, 'unknown_model', `There is no model ${quote(name)}; GET /v1/models lists them.`),
      );
    } else if (!isUsable(model, models.usable)) {
      const message = `${quote(name)} can't be called: its vendor ${model.vendor} has no key.`;
      unusable.push(problem(path, 'model_not_usable', message));
    } else {
      usableCount++;
      checkPrice(plan, name, model, path, found);
      checkCapOfModel(agent, name, model, pointer, found);
    }
  }
  if (usableCount > 0 || unknownCount > 0) found.warnings.push(...unusable);
  else if (unusable.length === 1) found.errors.push(...unusable);
  else
    found.errors.push(
      problem(at, 'model_not_usable', 'None of these models can be called: their vendors have no key.'),
    );
}

function checkPrice(plan: Json, name: string, model: CatalogModel, path: string, found: Findings): void {
  if (model.price !== null || member(member(plan, 'limits'), 'allowUnpriced') === true) return;
  const message = `No price is known for ${quote(name)}, so no budget can hold it; limits.allowUnpriced lets it run.`;
  found.errors.push(problem(path, 'unpriced', message));
}

function checkCapOfModel(
  agent: Json,
  name: string,
  model: CatalogModel,
  pointer: string,
  found: Findings,
): void {
  const most = member(agent, 'maxOutputTokens');
  if (typeof most !== 'number' || most <= model.outputTokensMax) return;
  const message = `${quote(name)} answers with at most ${String(model.outputTokensMax)} tokens, not ${String(most)}.`;
  found.warnings.push(problem(pointerTo(pointer, 'maxOutputTokens'), 'output_cap_lowered', message));
}
