import type { VendorFault } from '../contract/failures';
import type { Agent, Plan } from '../contract/plan';
import type { Skeleton } from '../contract/skeleton';
import type { Json } from '../contract/value';
import { isUsable, type Models } from './check-models';
import { durationMs, planDefaults } from './defaults';
import { hashOf } from './hash';
import { toSkeleton } from './skeleton';
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
  models: ManifestModel[];
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
  /** Its answers hold plans: what would be wrong with them as such is asked for again. */
  writesPlans?: true;
}

/** All that a run works by, frozen when it starts. Prices are not in it: a call has that of its own time. */
export interface Manifest {
  plan: Plan;
  digest: string;
  agents: { [name: string]: ManifestAgent };
  simulated: boolean;
}

interface Frozen {
  manifest: Manifest;
  /** SHA-256, hex. */
  hash: string;
  skeleton: Skeleton;
}

/** Freezes a valid plan with the models that can be called now. */
export function freeze(plan: Plan, models: Models, plansWrittenBy?: string): Frozen {
  const own = ownSummarizer(plan, models);
  const asked = [...Object.entries(plan.agents), ...(own === null ? [] : [[summarizer, own] as const])];
  const agents = Object.fromEntries(
    asked.map(([name, agent]): [string, ManifestAgent] => {
      const frozen = freezeAgent(agent, models);
      return [name, name === plansWrittenBy ? { ...frozen, writesPlans: true } : frozen];
    }),
  );
  const manifest = { plan, digest: planDigest(plan), agents, simulated: models.usable.simulated };
  return { manifest, hash: hashOf(manifest), skeleton: toSkeleton(plan, agents) };
}

/** SHA-256, hex, of a plan with its defaults filled in. */
export function planDigest(plan: Plan): string {
  return hashOf(plan);
}

function freezeAgent(agent: Agent, { catalog, usable }: Models): ManifestAgent {
  const models = [agent.model].flat().flatMap((alias) => {
    const model = catalog.resolve(alias);
    if (model === null || !isUsable(model, usable)) return [];
    const { id, vendor, contextTokens, outputTokensMax } = model;
    return [{ id, vendor, alias, contextTokens, outputTokensMax }];
  });
  const { maxOutputTokens, temperature, output, retry } = agent;
  return {
    models,
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
  };
}
