import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../contract/failures';
import type { CallReply, CallRequest, CallState } from '../contract/gateway';
import { limits } from '../contract/limits';
import type { Problem } from '../contract/problems';
import { createGatewayLine, type Asked } from './gateway-line';

export interface GatewayClient {
  /** Registers or joins the call and waits for its end. Throws a plain error where no gateway answers. */
  complete(key: string, request: CallRequest, signal: AbortSignal): Promise<CallState>;
  /** Gives up one call: nobody waits for its answer any more. */
  abandon(key: string, request: CallRequest): Promise<void>;
  /** Ends all that is under way for a run, at every gateway that can be reached. */
  endCalls(tenant: string, run: string): Promise<void>;
}

/** A gateway that takes longer to say anything is passed over, as one that is frozen would be. */
const answerWithinMs = 5_000;
const endWithinMs = 1_000;
/** Calls that are done within this take one round trip. Short, so that a gateway that is frozen is soon passed over. */
const firstWaitSeconds = 1;
/** A gateway that answers «pending» at once must not be asked in a tight loop. */
const pollPauseMs = 50;

/** Speaks to the gateways over HTTP: to the one that answered last, and to the next where that fails. */
export function createGatewayClient(urls: string[], internalKey: string): GatewayClient {
  const line = createGatewayLine(urls, internalKey);

  async function complete(key: string, request: CallRequest, signal: AbortSignal): Promise<CallState> {
    const path = `/calls/${encodeURIComponent(key)}`;
    const put = (): Promise<Asked> =>
      line.ask({
        method: 'PUT',
        path: `${path}?wait=${String(firstWaitSeconds)}s`,
        body: request,
        withinMs: firstWaitSeconds * 1000 + answerWithinMs,
        signal,
      });
    let asked = await put();
    for (;;) {
      const reply = await read(asked.response);
      if (reply !== null && reply.call.state !== 'pending') return reply.call;
      await delay(pollPauseMs, undefined, { signal });
      if (reply === null) {
        asked = await put();
        continue;
      }
      const { tenant, run } = request;
      const wait = `${String(limits.callPollSeconds)}s`;
      const query = new URLSearchParams({ tenant, run, hash: reply.hash, wait }).toString();
      const withinMs = limits.callPollSeconds * 1000 + answerWithinMs;
      // Where the call was taken it is also heard of first.
      asked = await line.ask({
        method: 'GET',
        path: `${path}?${query}`,
        withinMs,
        signal,
        first: asked.gateway,
      });
    }
  }

  return {
    complete,
    async abandon(key, request) {
      const body = { tenant: request.tenant, run: request.run };
      const path = `/calls/${encodeURIComponent(key)}`;
      await line.ask({ method: 'DELETE', path, body, withinMs: answerWithinMs });
    },
    endCalls: (tenant, run) =>
      line.tellAll({ method: 'POST', path: '/cancel', body: { tenant, run }, withinMs: endWithinMs }),
  };
}

/** Null where the gateway that had the call is gone, so that it is to be put again. */
async function read(response: Response): Promise<CallReply | null> {
  if (response.ok) return (await response.json()) as CallReply;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  if (problem.code === 'call_abandoned') return null;
  if (problem.code === FailureType.journalMismatch) {
    throw ApplicationFailure.nonRetryable(
      problem.detail ?? 'Another request stands under this key.',
      FailureType.journalMismatch,
    );
  }
  throw new Error(
    `The gateway answered ${String(response.status)} ${problem.code ?? ''}: ${problem.detail ?? ''}`,
  );
}
