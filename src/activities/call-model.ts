import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { ModelCall, ModelResult } from '../contract/activities';
import { FailureType, vendorFaults } from '../contract/failures';
import type { CallDone, CallRequest, CallState } from '../contract/gateway';
import { ensureBudget } from '../ledger/budgets';
import type { GatewayClient } from './gateway-client';
import { keepForOthers } from './keep-answer';
import { readManifest } from './manifests';
import type { Ports } from './ports';
import { prepareCall } from './prepare-call';
import { readAnswer } from './read-answer';
import { writeJournal } from './write-journal';
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
    const manifest = await readManifest(ports.database, call.run);
    const [prepared] = await Promise.all([
      prepareCall(ports, manifest, call),
      // Before the gateway tells of the call: then it stands behind what led to it.
      writeJournal(ports, { tenant, run, journal: call.journal }),
    ]);
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
