import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { ModelCall, ModelResult } from '../contract/activities';
import { FailureType, vendorFaults } from '../contract/failures';
import type { CallDone, CallRequest, CallState } from '../contract/gateway';
import type { Json } from '../contract/value';
import { ensureBudget } from '../ledger/budgets';
import { fromValue } from '../ledger/values';
import { decisionShape } from './decision-shape';
import type { GatewayClient } from './gateway-client';
import { answerKey, keepForOthers, type Keeping } from './keep-answer';
import { readAnswer } from './read-answer';
import { boundsOf, choiceBlock } from './choices';
import { readManifest } from './manifests';
import type { Ports } from './ports';
import { resolveBlocks, resolveNames } from './resolve';
import { writeJournal } from './write-journal';
import { durationMs, planDefaults } from '../plan/defaults';
import { ContextTooLong, promptIdentity, renderPrompt, SummaryNeeded } from '../plan/prompt';
import { summarizer } from '../plan/summarizer';
import { TemplateError } from '../plan/liquid';
import type { Manifest } from '../plan/manifest';

const heartbeatMs = 1000;

/**
 * One model call: renders the prompt, has the gateway make the call or join the one in flight, and
 * parses the answer where it arrives. Beats from a timer, whatever the vendor does meanwhile.
 */
export async function callModel(ports: Ports, gateway: GatewayClient, call: ModelCall): Promise<ModelResult> {
  const context = Context.current();
  const beat = setInterval(() => {
    context.heartbeat();
  }, heartbeatMs);
  try {
    const { tenant, run } = call.run;
    const [manifest] = await Promise.all([
      readManifest(ports.database, call.run),
      writeJournal(ports, { tenant, run, journal: call.journal }),
    ]);
    const prepared = await prepare(ports, manifest, call);
    if ('type' in prepared) return prepared;
    await ensureStepBudgets(ports, call);
    const state = await complete(gateway, call, prepared.request, context.cancellationSignal);
    const result = await resultOf(ports, manifest, call, state);
    if (state.state === 'done' && result.type === 'answered' && prepared.keeping !== null)
      await keepForOthers(ports, { call, done: state }, prepared.keeping);
    return result;
  } finally {
    clearInterval(beat);
  }
}

async function complete(
  gateway: GatewayClient,
  call: ModelCall,
  request: CallRequest,
  signal: AbortSignal,
): Promise<CallState> {
  try {
    return await gateway.complete(call.key, request, signal);
  } catch (error) {
    // The workflow ended the step: its call is too, so that nobody pays for an answer that nobody
    // reads. Any other end of this attempt, such as a worker that shuts down or a heartbeat that came
    // late, leaves the call to the next attempt, which joins it.
    if (signal.aborted && (signal.reason as { message?: string } | undefined)?.message === 'CANCELLED')
      await gateway.abandon(call.key, request);
    throw error;
  }
}

type Summarize = Extract<ModelResult, { type: 'summarize' }>;

interface Prepared {
  request: CallRequest;
  /** How its answer is kept for identical calls; null where it isn't. */
  keeping: Keeping | null;
}

async function prepare(ports: Ports, manifest: Manifest, call: ModelCall): Promise<Prepared | Summarize> {
  const { database } = ports;
  const agent = manifest.agents[call.agent];
  const model = agent?.models[call.model];
  if (agent === undefined || model === undefined)
    throw new Error(`The manifest has no model ${String(call.model)} of ${call.agent}.`);
  const { tenant, run } = call.run;
  const resolved = {
    names: await resolveNames(database, tenant, call.names),
    context: await resolveBlocks(database, tenant, call.context),
    blocks: [...(await resolveBlocks(database, tenant, call.blocks)), ...choiceBlock(manifest, call)],
    prior: await Promise.all(
      call.prior.map(async ({ answer, ...rest }) => ({
        ...rest,
        answer: textOf(await fromValue(database, tenant, answer)),
      })),
    ),
  };
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
  if (agent.cacheTtlMs === undefined) return { request, keeping: null };
  const key = await answerKey(ports, request, promptIdentity({ manifest, call, resolved }));
  // What is asked on after an answer was not as it must be is never given that answer again.
  const cache = call.prior.length > 0 ? {} : { cache: { key, ttlMs: agent.cacheTtlMs } };
  return { request: { ...request, ...cache }, keeping: { key, ms: agent.cacheTtlMs } };
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

/** The run's budget is made at its start; a step's by the first call that is held to it. */
async function ensureStepBudgets({ database }: Ports, { run, budgets }: ModelCall): Promise<void> {
  for (const { id, costNano, tokens, modelCalls } of budgets) {
    if (id === 'run') continue;
    const figures = { limitNano: costNano, limitTokens: tokens, limitCalls: modelCalls };
    await ensureBudget(database, { tenant: run.tenant, run: run.run, id, ...figures });
  }
}

async function resultOf(
  ports: Ports,
  manifest: Manifest,
  call: ModelCall,
  state: CallState,
): Promise<ModelResult> {
  switch (state.state) {
    case 'done':
      return readAnswer(ports, manifest, call, state satisfies CallDone);
    case 'over_budget':
      return { type: 'over_budget', budget: state.budget, reason: state.reason };
    case 'wait':
      return { type: 'wait', reason: state.reason, ms: state.ms, cause: state.cause };
    case 'unpriced':
      throw ApplicationFailure.nonRetryable(state.message, FailureType.unpriced);
    case 'cancelled':
      // The gateway may hear of a cancelled run before its workflow does, which will cancel this
      // activity in a moment: until then there is nothing to say.
      throw ApplicationFailure.create({
        message: 'The run is being cancelled.',
        type: FailureType.cancelled,
        nonRetryable: false,
        nextRetryDelay: '1 second',
      });
    case 'failed': {
      const message = `${state.fault}: ${state.message}`;
      if (state.retryInMs === null) {
        const isPassing = (vendorFaults as readonly string[]).includes(state.fault);
        const type = isPassing ? FailureType.vendorUnavailable : FailureType.vendorError;
        throw ApplicationFailure.nonRetryable(message, type);
      }
      // Attempts are counted by the gateway, not by Temporal; only the pause is handed over.
      throw ApplicationFailure.create({
        message,
        type: FailureType.vendorUnavailable,
        nonRetryable: false,
        nextRetryDelay: Math.max(1, state.retryInMs),
      });
    }
    case 'pending':
      throw new Error('The gateway stopped waiting for the call.');
  }
}
