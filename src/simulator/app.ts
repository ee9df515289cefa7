import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { answerTo, latencyOf } from './answer';
import { control } from './control';
import { deliver } from './deliver';
import { HungUp, openExchange, type Exchange } from './exchange';
import { contentOf, messagesPath, openRecord } from './record';
import { readJson } from './read-json';
import { openScript } from './script';
import { inputTokensOf } from './tokens';
import { asked, CountBody, MessagesBody, type Asked } from './wire';

export interface SimulatorOptions {
  /** About how long an answer takes in all; 0 answers at once. */
  latencyMs: number;
  /** The bearer token that `/simulator/…` asks for; null lets anybody on this machine in. */
  controlKey: string | null;
  /** Whether a model of this id exists. */
  knows: (model: string) => boolean;
}

export interface Simulator {
  /** Listens on loopback, on a free port where `port` is 0, and says where. */
  listen(port: number, host?: string): Promise<string>;
  /** Hangs up on everybody and ends. */
  close(): Promise<void>;
}

const loopback = ['127.0.0.1', '::1', 'localhost'];
const countPath = '/v1/messages/count_tokens';

/** A vendor that costs nothing: Anthropic's Messages API with answers made from the request itself. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const script = openScript();
  const record = openRecord();
  const handleControl = control({ script, record, key: options.controlKey });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator');
    if (pathname.startsWith('/simulator/'))
      return await handleControl(request, response, { pathname, searchParams });
    const given = await readJson(request);
    const known = pathname === messagesPath || pathname === countPath;
    const body = (pathname === messagesPath ? MessagesBody : CountBody).safeParse(
      given.type === 'json' ? given.value : null,
    );
    const question: Asked = body.success
      ? asked(body.data)
      : { model: '', system: '', turns: [], schema: null };
    const cap = body.success && 'max_tokens' in body.data ? MessagesBody.parse(body.data) : null;
    const entry = record.add({
      at: new Date().toISOString(),
      path: pathname,
      requestId: `req_simulated_${randomBytes(12).toString('hex')}`,
      stream: cap?.stream ?? false,
      maxTokens: cap?.max_tokens ?? null,
      ...contentOf(question),
      traceparent: headerOf(request, 'traceparent'),
      ...{ scripted: null, status: null, inputTokens: 0, outputTokens: 0 },
      ...{ firstByteAt: null, completedAt: null, closedByClient: false },
    });
    const exchange = openExchange(request, response, entry);
    if (headerOf(request, 'x-api-key') === null && headerOf(request, 'authorization') === null) {
      exchange.fail(401, 'x-api-key header is required');
    } else if (!known) exchange.fail(404, `Not found: ${pathname}`);
    else if (request.method !== 'POST') exchange.fail(405, 'Method Not Allowed');
    else if (given.type === 'too_large') exchange.fail(413, 'Request exceeds the maximum size');
    else if (given.type === 'broken') exchange.fail(400, 'The request body is not valid JSON');
    else if (!body.success) exchange.fail(400, described(body.error));
    else if (!options.knows(question.model)) exchange.fail(404, `model: ${question.model}`);
    else if (cap === null) count(exchange, question);
    else if (question.turns.at(-1)?.role === 'assistant') exchange.fail(400, prefilled);
    else await answer(exchange, question, { maxTokens: cap.max_tokens, stream: cap.stream });
  }

  async function answer(
    exchange: Exchange,
    question: Asked,
    { maxTokens, stream }: { maxTokens: number; stream: boolean },
  ): Promise<void> {
    const { entry } = exchange;
    const then = script.next(question);
    entry.scripted = then?.type ?? null;
    const later = then?.type === 'slow' ? then.ms : 0;
    const envelope = { id: `msg_simulated_${randomBytes(12).toString('hex')}`, model: question.model };
    const latencyMs = latencyOf(question, options.latencyMs) + later;
    await deliver(
      exchange,
      { envelope, answer: answerTo(question, maxTokens, then), then, latencyMs },
      stream,
    );
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (error instanceof HungUp) return;
      console.error(error);
      request.socket.destroy();
    });
  });

  return {
    async listen(port, host = '127.0.0.1') {
      if (!loopback.includes(host))
        throw new Error(`The simulated vendor listens on loopback only, not on ${host}.`);
      server.listen(port, host);
      await once(server, 'listening');
      const { port: bound } = server.address() as AddressInfo;
      return `http://${host === '::1' ? '[::1]' : host}:${String(bound)}`;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

// The newest models take no beginning of their own answer to go on from.
const prefilled =
  'This model does not support assistant message prefill. The conversation must end with a user message.';

function count(exchange: Exchange, question: Asked): void {
  exchange.open(200, { 'content-type': 'application/json' });
  exchange.end(JSON.stringify({ input_tokens: inputTokensOf(question) }));
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function described({ issues: [issue] }: { issues: { path: PropertyKey[]; message: string }[] }): string {
  return `${issue?.path.map(String).join('.') ?? 'body'}: ${issue?.message ?? 'makes no sense'}`;
}
