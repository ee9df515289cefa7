import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../contract/failures';
import type { CallReply, CallRequest, CallState } from '../contract/gateway';
import { limits } from '../contract/limits';
import { traceHeaders } from '../telemetry/trace-headers';

export interface GatewayClient {
  /** Registers or joins the call and waits for its end. Throws a plain error where no gateway answers. */
  complete(key: string, request: CallRequest, signal: AbortSignal): Promise<CallState>;
  /** Gives up one call: nobody waits for its answer any more. */
  abandon(key: string, request: CallRequest): Promise<void>;
  /** Ends all that is under way for a run, at every gateway that can be reached. */
  endCalls(tenant: string, run: string): Promise<void>;
}

const answerWithinMs = 10_000;
const endWithinMs = 1_000;

/** Speaks to the gateways over HTTP, in the order given: the next one where one can't be reached. */
export function createGatewayClient(urls: string[], internalKey: string): GatewayClient {
  async function send(
    method: string,
    path: string,
    options: { body?: unknown; withinMs: number; signal?: AbortSignal },
  ): Promise<Response> {
    let last: unknown;
    for (const url of urls) {
      try {
        const timeout = AbortSignal.timeout(options.withinMs);
        return await fetch(new URL(path, url), {
          method,
          headers: {
            authorization: `Bearer ${internalKey}`,
            ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
            ...traceHeaders(),
          },
          body: options.body === undefined ? null : JSON.stringify(options.body),
          signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
        });
      } catch (error) {
        if (options.signal?.aborted === true) throw error;
        last = error;
      }
    }
    throw new Error('No gateway can be reached.', { cause: last });
  }

  return {
    async complete(key, request, signal) {
      const path = `/calls/${encodeURIComponent(key)}`;
      let reply = await read(await send('PUT', path, { body: request, withinMs: answerWithinMs, signal }));
      const query = new URLSearchParams({
        tenant: request.tenant,
        run: request.run,
        hash: reply.hash,
        wait: `${String(limits.callPollSeconds)}s`,
      });
      while (reply.call.state === 'pending') {
        const withinMs = limits.callPollSeconds * 1000 + answerWithinMs;
        const response = await send('GET', `${path}?${query.toString()}`, { withinMs, signal });
        reply = await read(response);
        // A gateway that answers «pending» at once must not be asked in a tight loop.
        if (reply.call.state === 'pending') await delay(50, undefined, { signal });
      }
      return reply.call;
    },
    async abandon(key, request) {
      const body = { tenant: request.tenant, run: request.run };
      await send('DELETE', `/calls/${encodeURIComponent(key)}`, { body, withinMs: answerWithinMs });
    },
    async endCalls(tenant, run) {
      const body = JSON.stringify({ tenant, run });
      const headers = { authorization: `Bearer ${internalKey}`, 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(endWithinMs);
      await Promise.allSettled(
        urls.map((url) => fetch(new URL('/cancel', url), { method: 'POST', headers, body, signal })),
      );
    },
  };
}

async function read(response: Response): Promise<CallReply> {
  if (response.ok) return (await response.json()) as CallReply;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
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
