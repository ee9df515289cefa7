import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Run, RunEvent } from '../../../src/contract/api';
import type { Approval } from '../../../src/contract/approvals-api';
import type { Json } from '../../../src/contract/value';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Reply = (request: Received, response: ServerResponse) => void | Promise<void>;

/** A server at the far end of the command line: answers as a test says, and keeps what it was sent. */
export interface FakeService {
  url: string;
  received: Received[];
  /** Answers a method and path, without its query, from now on. */
  on(route: string, reply: Reply): void;
  close(): Promise<void>;
}

export async function startFakeService(port = 0): Promise<FakeService> {
  const received: Received[] = [];
  const routes = new Map<string, Reply>();
  const server = createServer((message, response) => {
    void (async () => {
      const { method = '', url = '', headers } = message;
      const request = { method, path: url, headers, body: await text(message) };
      received.push(request);
      const reply = routes.get(`${method} ${url.split('?')[0] ?? ''}`);
      if (reply === undefined) sendProblem(response, 404, 'not_found', 'There is no run.');
      else await reply(request, response);
    })();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    received,
    on: (route, reply) => routes.set(route, reply),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendProblem(
  response: ServerResponse,
  status: number,
  code: string,
  detail: string,
  more: object = {},
): void {
  const problem = {
    type: `/problems/${code}`,
    title: code,
    status,
    detail,
    code,
    requestId: 'r1',
    retryable: false,
  };
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ ...problem, ...more }));
}

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': hello\n\n');
}

export function sendEvent(response: ServerResponse, event: RunEvent): void {
  const id = event.seq === null ? '' : `id: ${String(event.seq)}\n`;
  response.write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** Events numbered from 1, a second apart. */
export function eventsOf(...facts: { type: string; step?: string; data: Json }[]): RunEvent[] {
  return facts.map(({ type, step, data }, index) => ({
    seq: index + 1,
    type,
    at: new Date(Date.UTC(2026, 10, 20, 12, 0, index)).toISOString(),
    runId: 'run1',
    step: step ?? null,
    data,
  }));
}

const measure = { limit: null, used: 0, reserved: 0, left: null };

export function aRun(changes: Partial<Run> = {}): Run {
  return {
    id: 'run1',
    plan: { name: 'brief', version: '1.0.0', digest: 'd' },
    status: 'running',
    statusReason: null,
    input: { topic: 'heat pumps' },
    labels: {},
    priority: 3,
    simulated: true,
    createdAt: '2026-11-20T12:00:00.000Z',
    startedAt: '2026-11-20T12:00:00.000Z',
    finishedAt: null,
    result: null,
    usage: { modelCalls: 2, inputTokens: 1200, outputTokens: 800, cachedTokens: 0, costUsd: 0.0156 },
    budget: { costUsd: measure, tokens: measure, modelCalls: measure, seconds: measure },
    current: [],
    approvals: [],
    stateVersion: 1,
    links: { self: '/v1/runs/run1', events: '/v1/runs/run1/events', temporal: null },
    ...changes,
  };
}

export function aFinishedRun(
  status: Run['status'],
  output: Json,
  more: Partial<NonNullable<Run['result']>> = {},
): Run {
  const result = { output, incomplete: [], decisions: [], error: null, ...more };
  return aRun({ status, finishedAt: '2026-11-20T12:00:09.000Z', result });
}

export function anApproval(changes: Partial<Approval> = {}): Approval {
  return {
    id: 'ap1',
    kind: 'approval',
    runId: 'run1',
    step: 'sign-off',
    title: 'Publish the brief?',
    risk: 'high',
    status: 'pending',
    requestedAt: '2026-11-20T12:00:00.000Z',
    dueAt: '2026-11-23T12:00:00.000Z',
    digest: 'sha-1',
    allow: ['approve', 'edit', 'reject'],
    decisions: [],
    content: 'The brief.\nIn two lines.',
    decidedContent: null,
    schema: null,
    reason: null,
    run: { plan: { name: 'brief', version: '1.0.0' }, usage: aRun().usage },
    trail: [],
    ...changes,
  };
}
