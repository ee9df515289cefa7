import { createParser } from 'eventsource-parser';
import type { CallDelta } from '../contract/gateway';

/** The gateways, as the API uses them. Each request bears the internal token. */
export interface Gateways {
  /** Ends what a run has at vendors. A gateway that can't be reached is passed over: the ledger's flag stops it too. */
  cancel(tenant: string, run: string): Promise<void>;
  /** Null where one answers, else why none does. */
  health(): Promise<string | null>;
  /** Hands on what a run's calls say while they say it, until `signal` is aborted. */
  follow(of: { tenant: string; run: string }, take: (delta: CallDelta) => void, signal: AbortSignal): void;
}

const requestTimeoutMs = 3_000;
const reconnectMs = 1_000;

/** Speaks to every gateway of a list of addresses. */
export function createGateways(addresses: readonly string[], token: string): Gateways {
  const headers = { authorization: `Bearer ${token}` };

  async function cancel(tenant: string, run: string): Promise<void> {
    const body = JSON.stringify({ tenant, run });
    await Promise.allSettled(
      addresses.map(async (address) => {
        const response = await fetch(`${address}/cancel`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(requestTimeoutMs),
        });
        await response.arrayBuffer();
      }),
    );
  }

  async function health(): Promise<string | null> {
    const asked = addresses.map(async (address) => {
      const response = await fetch(`${address}/healthz`, {
        headers,
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`status ${String(response.status)}`);
    });
    return await Promise.any(asked).then(
      () => null,
      () => 'No gateway answers.',
    );
  }

  function follow(
    of: { tenant: string; run: string },
    take: (delta: CallDelta) => void,
    signal: AbortSignal,
  ): void {
    for (const address of addresses) {
      const url = `${address}/streams?${new URLSearchParams(of).toString()}`;
      void followOne(url, headers, take, signal);
    }
  }

  return { cancel, health, follow };
}

/** Reads one gateway's stream and connects again whenever it breaks off. */
async function followOne(
  url: string,
  headers: { [name: string]: string },
  take: (delta: CallDelta) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await readStream(url, headers, take, signal);
    } catch {
      // Live text is only a preview: what it would have said comes again, whole, with `call.finished`.
    }
    await pause(reconnectMs, signal);
  }
}

async function readStream(
  url: string,
  headers: { [name: string]: string },
  take: (delta: CallDelta) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal });
  if (!response.ok || response.body === null) return;
  const parser = createParser({
    onEvent: (event) => {
      take(JSON.parse(event.data) as CallDelta);
    },
  });
  const decoder = new TextDecoder();
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
