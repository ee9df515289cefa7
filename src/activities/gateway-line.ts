import { traceHeaders } from '../telemetry/trace-headers';

/** One request to a gateway. */
export interface Question {
  method: string;
  path: string;
  body?: unknown;
  withinMs: number;
  signal?: AbortSignal;
  /** Which gateway to begin with: its place in the list. The one that answered last, if not given. */
  first?: number;
}

export interface Asked {
  response: Response;
  /** Which gateway answered. */
  gateway: number;
}

/** Several gateways that are as good as each other. */
export interface GatewayLine {
  /** The answer of the first that gives one, beginning with the one that did so last. Throws where none does. */
  ask(question: Question): Promise<Asked>;
  /** Tells each of them once, whether it hears it or not. */
  tellAll(question: Question): Promise<void>;
}

/** The gateways by their base URLs. */
export function createGatewayLine(urls: string[], internalKey: string): GatewayLine {
  // A gateway that is dead or leaves is asked once by one call, and not first by every call after it.
  let answering = 0;

  function askOne(gateway: number, { method, path, body, withinMs, signal }: Question): Promise<Response> {
    const timeout = AbortSignal.timeout(withinMs);
    return fetch(new URL(path, urls[gateway]), {
      method,
      headers: {
        authorization: `Bearer ${internalKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...traceHeaders(),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
  }

  return {
    async ask(question) {
      const first = question.first ?? answering;
      let leaving: Asked | null = null;
      let last: unknown;
      for (let step = 0; step < urls.length; step++) {
        const gateway = (first + step) % urls.length;
        try {
          const asked = { response: await askOne(gateway, question), gateway };
          if (isLeaving(asked.response)) {
            await leaving?.response.body?.cancel();
            leaving = asked;
            continue;
          }
          await leaving?.response.body?.cancel();
          answering = gateway;
          return asked;
        } catch (error) {
          if (question.signal?.aborted === true) throw error;
          last = error;
        }
      }
      if (leaving !== null) return leaving;
      throw new Error('No gateway can be reached.', { cause: last });
    },
    async tellAll(question) {
      await Promise.allSettled(urls.map((_, gateway) => askOne(gateway, question)));
    },
  };
}

/** Whether a gateway takes nothing because it stops or its ledger is away from it. */
function isLeaving({ status }: Response): boolean {
  return status === 503;
}
