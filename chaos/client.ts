import { setTimeout as sleep } from 'node:timers/promises';

/** A client as the documentation asks for one: it repeats what may be repeated, under the same key. */
export interface Client {
  /** POSTs until it is answered for good. Throws on a refusal that no repeat mends. */
  post<Body>(path: string, body: unknown, key: string): Promise<Answered<Body>>;
  get<Body>(path: string): Promise<Body>;
}

export interface Answered<Body> {
  status: number;
  body: Body;
  /** How often it had to be sent. */
  tries: number;
}

export interface ClientOptions {
  urls: string[];
  key: string;
  /** No request is sent after it has been aborted. */
  signal: AbortSignal;
}

interface Sent {
  body: string | null;
  headers: Record<string, string>;
}

const answerWithinMs = 15_000;
const pauseMs = 250;
/** Beside 5xx: what a client is told to try again. */
const passing = new Set([409, 429]);

/** Goes to the next of `urls` where one does not answer. */
export function createClient({ urls, key, signal }: ClientOptions): Client {
  let at = 0;

  async function ask(method: string, path: string, { body, headers }: Sent): Promise<Response | null> {
    try {
      const url = urls[at % urls.length] ?? '';
      return await fetch(new URL(path, url), {
        method,
        body,
        headers: { ...headers, authorization: `Bearer ${key}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      });
    } catch {
      at += 1;
      return null;
    }
  }

  async function untilAnswered<Body>(
    method: string,
    path: string,
    sent: Sent = { body: null, headers: {} },
  ): Promise<Answered<Body>> {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      const response = await ask(method, path, sent);
      // The answer itself may be cut off, too.
      const text = await response?.text().catch(() => undefined);
      if (response !== null && text !== undefined && text !== '') {
        const body = JSON.parse(text) as Body & { code?: string; retryable?: boolean };
        if (response.status < 500 && !(passing.has(response.status) && body.retryable === true))
          return { status: response.status, body, tries };
      }
      await sleep(pauseMs);
    }
  }

  return {
    post: (path, body, idempotencyKey) =>
      untilAnswered('POST', path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      }),
    async get(path) {
      const { status, body } = await untilAnswered<never>('GET', path);
      if (status !== 200) throw new Error(`GET ${path}: ${String(status)} ${JSON.stringify(body)}`);
      return body;
    },
  };
}
