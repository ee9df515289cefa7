import type { VendorFault } from '../contract/failures';
import type { Agent, Plan } from '../contract/plan';
import type { Skeleton } from '../contract/skeleton';
import type { Json } from '../contract/value';
import { isUsable, type Models } from './check-models';
import { durationMs, planDefaults } from './defaults';
import { hashOf } from './hash';
import { modelLists } from './model-lists';
import { planLimits } from './skeleton-limits';
import { toSkeleton } from './skeleton';
import { agentsFrozen, type FrozenPlan } from './skeleton-place';
import { referencesIn, type SubPlans } from './sub-plans';
import { ownSummarizer, summarizer } from './summarizer';

/** A model that can be called, as it was when the run started. `alias` is what the plan wrote. */
interface ManifestModel {
  id: string;
  vendor: string;
  alias: string;
  contextTokens: number;
  outputTokensMax: number;
}

/** An agent with nothing left to default: its usable models in the plan's order, times in ms. */
interface ManifestAgent {
  /** Those of `select` follow those of `model`. */
  models: ManifestModel[];
  /** Where the agent has a `select`: how many of its models each list has, that of `model` first. */
  lists?: number[];
  instructions: string;
  maxOutputTokens: number;
  minOutputTokens: number;
  temperature?: number;
  output?: Json;
  maxContinuations: number;
  timeoutMs: number;
  retry: {
    maxRetries: number;
    initialDelayMs: number;
    multiplier: number;
    maxDelayMs: number;
    retryOn: VendorFault[];
  };
  /** Absent in manifests that were frozen before there were rates. */
  rateLimit?: number;
  circuitBreaker?: { failures: number; cooldownMs: number };
  /** How old an answer may be that is given again to an identical call; absent where every call is made. */
  cacheTtlMs?: number;
  /** Its answers hold plans: what would be wrong with them as such is asked for again. */
  writesPlans?: true;
}

/** All that a run works by, frozen when it starts. Prices are not in it: a call has that of its own time. */
export interface Manifest {
  plan: Plan;
  digest: string;
  agents: { [name: string]: ManifestAgent };
  /** The plans that its steps run, by reference, each with a manifest of its own; absent where there is none. */
  plans?: { [reference: string]: FrozenPlan };
  simulated: boolean;
}

/** A manifest with its SHA-256, hex. */
export interface HashedManifest {
  hash: string;
  manifest: Manifest;
}

interface Frozen extends HashedManifest {
  skeleton: Skeleton;
  /** Those of the plans that it runs, itself or through others. */
  inside: HashedManifest[];
}

interface Freezing {
  subPlans?: SubPlans;
  /** The agents whose answers hold plans. */
  plansWrittenBy?: string | undefined;
}

/** Freezes a valid plan, and those that it runs, with the models that can be called now. */
export function freeze(
  plan: Plan,
  models: Models,
  { subPlans = new Map(), plansWrittenBy }: Freezing = {},
): Frozen {
  const frozen = new Map<Plan, HashedManifest>();
  const freezeOne = (one: Plan, writers?: string): HashedManifest => {
    const known = frozen.get(one);
    if (known !== undefined) return known;
    const manifest = manifestOf(one, models, writers);
    const plans = referencesIn(one as Json).map((reference): [string, FrozenPlan] => {
      const sub = subPlans.get(reference);
      if (sub === undefined) throw new Error(`The plan ${reference} was not judged.`);
      const { hash, manifest: inner } = freezeOne(sub);
      const agents = agentsFrozen(inner);
      const limits = planLimits(sub, agents);
      return [reference, { plan: `${sub.name}@${sub.version}`, manifest: hash, limits, agents }];
    });
    const whole = plans.length === 0 ? manifest : { ...manifest, plans: Object.fromEntries(plans) };
    const hashed = { hash: hashOf(whole), manifest: whole };
    frozen.set(one, hashed);
    return hashed;
  };
  const { hash, manifest } = freezeOne(plan, plansWrittenBy);
  const inside = [...frozen.values()].filter((one) => one.hash !== hash);
  return { manifest, hash, skeleton: toSkeleton(manifest), inside };
}

function manifestOf(plan: Plan, models: Models, plansWrittenBy: string | undefined): Manifest {
  const own = ownSummarizer(plan, models);
  const asked = [...Object.entries(plan.agents), ...(own === null ? [] : [[summarizer, own] as const])];
  const agents = Object.fromEntries(
    asked.map(([name, agent]): [string, ManifestAgent] => {
      const frozen = freezeAgent(agent, models);
      return [name, name === plansWrittenBy ? { ...frozen, writesPlans: true } : frozen];
    }),
  );
  return { plan, digest: planDigest(plan), agents, simulated: models.usable.simulated };
}

/** SHA-256, hex, of a plan with its defaults filled in. */
export function planDigest(plan: Plan): string {
  return hashOf(plan);
}

function freezeAgent(agent: Agent, { catalog, usable }: Models): ManifestAgent {
  const lists = modelLists(agent).map((aliases) =>
    aliases.flatMap((alias) => {
      const model = catalog.resolve(alias);
      if (model === null || !isUsable(model, usable)) return [];
      const { id, vendor, contextTokens, outputTokensMax } = model;
      return [{ id, vendor, alias, contextTokens, outputTokensMax }];
    }),
  );
  const { maxOutputTokens, temperature, output, retry } = agent;
  return {
    models: lists.flat(),
    ...(agent.select === undefined ? {} : { lists: lists.map(({ length }) => length) }),
    instructions: agent.instructions,
    maxOutputTokens,
    minOutputTokens: agent.minOutputTokens ?? Math.min(planDefaults.minOutputTokens, maxOutputTokens),
    ...(temperature === undefined ? {} : { temperature }),
    ...(output === undefined ? {} : { output }),
    maxContinuations: agent.maxContinuations,
    timeoutMs: durationMs(agent.timeout),
    retry: {
      maxRetries: retry.maxRetries,
      initialDelayMs: durationMs(retry.initialDelay),
      multiplier: retry.multiplier,
      maxDelayMs: durationMs(retry.maxDelay),
      retryOn: retry.retryOn,
    },
    rateLimit: agent.rateLimit ?? planDefaults.rateLimit,
    circuitBreaker: {
      failures: agent.circuitBreaker?.failures ?? planDefaults.breakerFailures,
      cooldownMs: durationMs(agent.circuitBreaker?.cooldown ?? planDefaults.breakerCooldown),
    },
    ...(agent.cache === undefined ? {} : { cacheTtlMs: durationMs(agent.cache.ttl) }),
  };
}
