import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OddVendor {
  url: string;
  /** Requests for an answer so far. */
  calls(): number;
  /** Connections that the other side has closed before the answer was complete. */
  closedByClient(): number;
  bodies: Record<string, unknown>[];
  headers: IncomingMessage['headers'][];
  answer: (response: ServerResponse, request: { n: number; body: Record<string, unknown> }) => void;
  close(): Promise<void>;
}

/** A server that answers `POST /v1/messages` as each test wants it, down to the bytes. */
export async function startOddVendor(): Promise<OddVendor> {
  let calls = 0;
  let closed = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (request.url !== '/v1/messages') {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
        return;
      }
      const body = JSON.parse(text) as Record<string, unknown>;
      vendor.bodies.push(body);
      vendor.headers.push(request.headers);
      response.on('close', () => {
        if (!response.writableFinished) closed += 1;
      });
      vendor.answer(response, { n: ++calls, body });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const vendor: OddVendor = {
    url: `http://127.0.0.1:${String(port)}`,
    calls: () => calls,
    closedByClient: () => closed,
    bodies: [],
    headers: [],
    answer: (response) => {
      stream(response, message({ text: 'Fine.' }));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return vendor;
}

export type Event = { type: string } & Record<string, unknown>;

export function message({
  text,
  stop = 'end_turn',
  input = 10,
  output = 20,
}: {
  text: string;
  stop?: string | null;
  input?: number;
  output?: number;
}): Event[] {
  return [
    {
      type: 'message_start',
      message: { id: 'msg_1', model: 'odd-model', usage: { input_tokens: input, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stop, stop_sequence: null },
      usage: { output_tokens: output },
    },
    { type: 'message_stop' },
  ];
}

export function write(response: ServerResponse, events: Event[]): void {
  if (!response.headersSent)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_odd' });
  for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

export function stream(response: ServerResponse, events: Event[]): void {
  write(response, events);
  response.end();
}

export function fail(
  response: ServerResponse,
  {
    status,
    type = 'api_error',
    headers = {},
  }: { status: number; type?: string; headers?: Record<string, string> },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message: 'Secret sk-ant-12345 was told.' } }));
}
