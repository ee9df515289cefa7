import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Problem } from '../contract/problems';
import type { Connection } from './connection';
import { Refusal, Unreachable } from './refusal';

const requestTimeoutMs = 30_000;
const attemptsMax = 4;
const retryDelayMs = 500;

export interface Answer<Body> {
  status: number;
  body: Body;
}

/** What the command line speaks to the service with. Throws `Refusal` and `Unreachable`. */
export interface Client {
  url: string;
  get<Body>(path: string): Promise<Body>;
  /** Sent with an idempotency key, so that a request whose answer was lost is sent again safely. */
  post<Body>(path: string, body: unknown): Promise<Body>;
  /** Asks for a change that comes to the same however often it is asked for. */
  change<Body>(method: 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Body>;
  /** The text of a plan, as it was written. */
  postPlan<Body>(path: string, text: string): Promise<Answer<Body>>;
  /** A stream of events after the one with the given id; it lasts until the signal or the service ends it. */
  openEvents(path: string, lastEventId: string | null, signal: AbortSignal): Promise<Response>;
}

interface Request {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  headers?: { [name: string]: string };
  body?: string;
  signal: AbortSignal;
}

/** Binds the requests to one service and key. */
export function createClient({ url, key }: Connection): Client {
  const authorization: { [name: string]: string } = key === null ? {} : { authorization: `Bearer ${key}` };

  async function send({ path, headers, ...request }: Request): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url + path, { ...request, headers: { ...authorization, ...headers } });
    } catch (error) {
      throw new Unreachable(url, error);
    }
    if (!response.ok) throw new Refusal(await readProblem(response));
    return response;
  }

  async function sendOnce(request: Omit<Request, 'signal' | 'method'>): Promise<Response> {
    const headers = { ...request.headers, 'idempotency-key': randomUUID() };
    for (let attempt = 1; ; attempt++) {
      try {
        const signal = AbortSignal.timeout(requestTimeoutMs);
        return await send({ ...request, headers, method: 'POST', signal });
      } catch (error) {
        if (attempt === attemptsMax || !isPassing(error)) throw error;
        await pause(retryDelayMs * attempt);
      }
    }
  }

  return {
    url,
    async get<Body>(path: string) {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      return readBody<Body>(await send({ method: 'GET', path, signal }), url);
    },
    async post<Body>(path: string, body: unknown) {
      const headers = { 'content-type': 'application/json' };
      return readBody<Body>(await sendOnce({ path, headers, body: JSON.stringify(body) }), url);
    },
    async change<Body>(method: 'PATCH' | 'DELETE', path: string, body?: unknown) {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      const sent =
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      return readBody<Body>(await send({ method, path, signal, ...sent }), url);
    },
    async postPlan<Body>(path: string, text: string) {
      const headers = { 'content-type': 'application/yaml' };
      const response = await sendOnce({ path, headers, body: text });
      return { status: response.status, body: await readBody<Body>(response, url) };
    },
    openEvents(path, lastEventId, signal) {
      const resume: { [name: string]: string } = lastEventId === null ? {} : { 'last-event-id': lastEventId };
      return send({ method: 'GET', path, headers: { accept: 'text/event-stream', ...resume }, signal });
    },
  };
}

/**
 * Whether a request that failed may succeed the next time: its answer was lost, it is being answered to
 * another sender, or a part of the service is away for now.
 */
function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return error.reason !== 'refused';
  if (!(error instanceof Refusal)) return false;
  const { code, status, retryable } = error.problem;
  return code === 'idempotency_in_progress' || (status === 503 && retryable);
}

async function readBody<Body>(response: Response, url: string): Promise<Body> {
  try {
    // The service's own answers are typed by the contract that it checks them against.
    return (await response.json()) as Body;
  } catch (error) {
    throw new Unreachable(url, error);
  }
}

/** The problem of an answer, also of one that a proxy gave instead of the service. */
async function readProblem(response: Response): Promise<Problem> {
  const { status } = response;
  if (response.headers.get('content-type')?.includes('json') === true) {
    const body = (await response.json().catch(() => null)) as Problem | null;
    if (typeof body?.code === 'string' && typeof body.detail === 'string') return body;
  } else {
    await response.body?.cancel();
  }
  const title = response.statusText || 'Unexpected answer';
  const detail = `The answer was HTTP ${String(status)} ${title}, without a reason.`;
  return {
    type: 'about:blank',
    title,
    status,
    detail,
    code: 'unknown',
    requestId: '',
    retryable: status >= 500,
  };
}
