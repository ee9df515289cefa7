import { ApplicationFailure } from '@temporalio/common';
import type { ModelCall, ModelResult } from '../contract/activities';
import { FailureType } from '../contract/failures';
import type { CallRequest } from '../contract/gateway';
import type { Json } from '../contract/value';
import { fromValue } from '../ledger/values';
import { durationMs, planDefaults } from '../plan/defaults';
import { TemplateError } from '../plan/liquid';
import type { Manifest } from '../plan/manifest';
import { ContextTooLong, promptIdentity, renderPrompt, SummaryNeeded } from '../plan/prompt';
import { summarizer } from '../plan/summarizer';
import { boundsOf, choiceBlock } from './choices';
import { decisionShape } from './decision-shape';
import { answerKey, type Keeping } from './keep-answer';
import type { Ports } from './ports';
import { resolveBlocks, resolveNames } from './resolve';

type Summarize = Extract<ModelResult, { type: 'summarize' }>;

interface Prepared {
  request: CallRequest;
  /** How its answer is kept for identical calls; null where it isn't. */
  keeping: Keeping | null;
}

/** Renders the prompt of a call and says all that the gateway is to know of it, or what is to be summed up first. */
export async function prepareCall(
  ports: Ports,
  manifest: Manifest,
  call: ModelCall,
): Promise<Prepared | Summarize> {
  const { database } = ports;
  const agent = manifest.agents[call.agent];
  const model = agent?.models[call.model];
  if (agent === undefined || model === undefined)
    throw new Error(`The manifest has no model ${String(call.model)} of ${call.agent}.`);
  const { tenant, run } = call.run;
  const [names, context, blocks, prior] = await Promise.all([
    resolveNames(database, tenant, call.names),
    resolveBlocks(database, tenant, call.context),
    resolveBlocks(database, tenant, call.blocks),
    Promise.all(
      call.prior.map(async ({ answer, ...rest }) => ({
        ...rest,
        answer: textOf(await fromValue(database, tenant, answer)),
      })),
    ),
  ]);
  const resolved = { names, context, blocks: [...blocks, ...choiceBlock(manifest, call)], prior };
  const rendered = render(manifest, call, resolved);
  if ('type' in rendered) return rendered;
  const schema = call.role === 'agent' ? agent.output : decisionShape(call.role, boundsOf(manifest, call));
  const request: CallRequest = {
    tenant,
    run,
    temporalRun: call.temporalRun,
    path: call.path,
    agent: call.agent,
    ...(call.selected === undefined ? {} : { selected: call.selected }),
    model: model.id,
    request: {
      ...rendered,
      ...(schema === undefined ? {} : { schema }),
      maxOutputTokens: Math.min(agent.maxOutputTokens, model.outputTokensMax),
      minOutputTokens: Math.min(agent.minOutputTokens, model.outputTokensMax),
      ...(agent.temperature === undefined ? {} : { temperature: agent.temperature }),
    },
    budgets: call.budgets.map((budget) => budget.id),
    allowUnpriced: manifest.plan.limits?.allowUnpriced ?? false,
    policy: policyOf(manifest, call.agent, agent),
  };
  const { cacheTtlMs: ttlMs } = agent;
  const ms = Math.max(ttlMs ?? 0, call.keptMs ?? 0);
  if (ms === 0) return { request, keeping: null };
  const key = await answerKey(ports, request, promptIdentity({ manifest, call, resolved }));
  // What is asked on after an answer was not as it must be is never given that answer again.
  const cache = ttlMs === undefined || call.prior.length > 0 ? {} : { cache: { key, ttlMs } };
  return { request: { ...request, ...cache }, keeping: { key, ms } };
}

function policyOf(
  { plan }: Manifest,
  name: string,
  agent: Manifest['agents'][string],
): CallRequest['policy'] {
  const { breakerFailures, breakerCooldown } = planDefaults;
  const usual = { failures: breakerFailures, cooldownMs: durationMs(breakerCooldown) };
  return {
    timeoutMs: agent.timeoutMs,
    ...agent.retry,
    rate: { key: `${plan.name}/${name}`, perMinute: agent.rateLimit ?? planDefaults.rateLimit },
    breaker: agent.circuitBreaker ?? usual,
  };
}

function render(
  manifest: Manifest,
  call: ModelCall,
  resolved: Parameters<typeof renderPrompt>[0]['resolved'],
): ReturnType<typeof renderPrompt> | Summarize {
  try {
    return renderPrompt({ manifest, call, resolved });
  } catch (error) {
    // A run of a manifest that was frozen before there were summaries has nobody to make them.
    const canSumUp = Object.hasOwn(manifest.agents, summarizer);
    if (error instanceof SummaryNeeded && canSumUp) return { type: 'summarize', context: error.context };
    if (error instanceof ContextTooLong || error instanceof SummaryNeeded) {
      throw ApplicationFailure.nonRetryable(error.message, FailureType.contextTooLong);
    }
    if (error instanceof TemplateError) {
      throw ApplicationFailure.nonRetryable(
        `${call.prompt ?? call.path}: ${error.message}`,
        FailureType.invalidTemplate,
      );
    }
    throw error;
  }
}

function textOf(json: Json): string {
  return typeof json === 'string' ? json : JSON.stringify(json);
}
