import type { CatalogModel } from '../catalog/catalog';
import type { Plan } from '../contract/plan';
import { Agent } from '../contract/plan/agent';
import { isUsable, type Models } from './check-models';
import { planDefaults } from './defaults';
import { modelLists } from './model-lists';

/** The agent that sums up what is too long to be shown: the plan's of this name, else the service's own. */
export const summarizer = 'summarizer';

/** What takes less would often be too small for what is to be summed up. */
const windowTokensWanted = 100_000;

/** The service's own summarizer; null where the plan has one, or no model that could be asked. */
export function ownSummarizer(plan: Plan, models: Models): Agent | null {
  if (Object.hasOwn(plan.agents, summarizer)) return null;
  const model = cheapestModel(plan, models);
  if (model === null) return null;
  return Agent.parse({
    model,
    instructions: 'You sum up the work of others, faithfully and briefly.',
    maxOutputTokens: planDefaults.summaryTokens,
  });
}

/** Name of the cheapest model of the vendors that the plan's agents ask anyway: to no other does a plan send what it knows. */
function cheapestModel(plan: Plan, { catalog, usable }: Models): string | null {
  const named = Object.values(plan.agents).flatMap((agent) => modelLists(agent).flat());
  const asked = named
    .map((name) => catalog.resolve(name))
    .filter((model): model is CatalogModel => model !== null && isUsable(model, usable));
  const vendors = new Set(asked.map(({ vendor }) => vendor));
  const wanted = Math.min(windowTokensWanted, Math.max(...asked.map(({ contextTokens }) => contextTokens)));
  const fitting = catalog
    .list()
    .filter(({ model }) => vendors.has(model.vendor) && model.contextTokens >= wanted)
    .filter(({ model }) => model.price !== null)
    .sort((left, right) => costOf(left.model) - costOf(right.model) || (left.name < right.name ? -1 : 1));
  // Without any price the plan allows that, and its own first model is as good as any.
  return fitting[0]?.name ?? named.find((name) => catalog.resolve(name) === asked[0]) ?? null;
}

/** Of a summary as it usually is: much that is read, and a quarter of it written. */
function costOf({ price }: CatalogModel): number {
  return price === null ? Infinity : 4 * price.inputNano + price.outputNano;
}
