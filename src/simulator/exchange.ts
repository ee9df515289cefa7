import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, Happening } from './record';
import { errorBody } from './wire';

/** Thrown where the client has hung up: there is nobody left to answer. */
export class HungUp extends Error {}

/** One request with its answer in the making, and what the record says of it. */
export interface Exchange {
  entry: Entry;
  /** Sends the head of the answer. */
  open(status: number, headers: Record<string, string>): void;
  /** Sends a piece of it; resolves once the client has room for more. */
  write(text: string): Promise<void>;
  end(text?: string): void;
  /** Sends an error as Anthropic words it. */
  fail(status: number, message: string, headers?: Record<string, string>): void;
  /** Waits; throws `HungUp` as soon as the client is gone. */
  wait(ms: number): Promise<void>;
  /** Waits until the client hangs up. */
  hang(): Promise<never>;
  /** Resets the connection. */
  reset(): void;
}

const forEverMs = 2 ** 31 - 1;

export function openExchange(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  entry: Entry,
  note: (what: Happening) => void,
): Exchange {
  const gone = new AbortController();
  let ours = false;
  response.on('close', () => {
    if (!response.writableFinished && !ours) entry.closedByClient = true;
    note('closed');
    gone.abort();
  });
  // A reset by the client is an error of the stream, and is told by its close.
  response.on('error', () => undefined);

  async function wait(ms: number): Promise<void> {
    if (gone.signal.aborted) throw new HungUp();
    if (ms <= 0) return;
    try {
      await sleep(ms, undefined, { signal: gone.signal });
    } catch {
      throw new HungUp();
    }
  }

  function open(status: number, headers: Record<string, string>): void {
    entry.status = status;
    entry.firstByteAt = new Date().toISOString();
    note('first_byte');
    response.writeHead(status, { 'request-id': entry.requestId, 'x-simulated': 'true', ...headers });
  }

  function end(text = ''): void {
    entry.completedAt = new Date().toISOString();
    note('completed');
    response.end(text);
  }

  return {
    entry,
    open,
    end,
    wait,
    async write(text) {
      if (gone.signal.aborted) throw new HungUp();
      if (!response.write(text)) await drained(response);
    },
    fail(status, message, headers = {}) {
      open(status, { 'content-type': 'application/json', ...headers });
      end(JSON.stringify(errorBody(status, message, entry.requestId)));
    },
    async hang() {
      for (;;) await wait(forEverMs);
    },
    reset() {
      ours = true;
      entry.completedAt = new Date().toISOString();
      request.socket.resetAndDestroy();
    },
  };
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
