import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerTo, latencyOf } from './answer';
import { deliver } from './deliver';
import { openExchange, type Exchange } from './exchange';
import { readJson, type Given } from './read-json';
import { contentOf, messagesPath, type Record } from './record';
import type { Script } from './script';
import { inputTokensOf } from './tokens';
import { asked, CountBody, MessagesBody, type Asked } from './wire';

interface Vendor {
  script: Script;
  record: Record;
  latencyMs: number;
  knows: (model: string) => boolean;
}

/** A request that can be answered, or why it can't be, in the vendor's words. */
type Reading =
  | { type: 'answer'; question: Asked; maxTokens: number; stream: boolean }
  | { type: 'count'; question: Asked }
  | { type: 'refuse'; question: Asked | null; status: number; message: string };

const countPath = '/v1/messages/count_tokens';
const nothing: Asked = { model: '', system: '', turns: [], schema: null };

/** Anthropic's side of the wire: every request is recorded, then answered, counted or refused. */
export function protocol(vendor: Vendor) {
  return async function handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const reading = read(request, url.pathname, await readJson(request));
    const answering = reading.type === 'answer' ? reading : null;
    const entry = vendor.record.add({
      at: new Date().toISOString(),
      path: url.pathname,
      requestId: `req_simulated_${randomBytes(12).toString('hex')}`,
      stream: answering?.stream ?? false,
      maxTokens: answering?.maxTokens ?? null,
      ...contentOf(reading.question ?? nothing),
      traceparent: headerOf(request, 'traceparent'),
      ...{ scripted: null, status: null, inputTokens: 0, outputTokens: 0 },
      ...{ firstByteAt: null, completedAt: null, closedByClient: false },
    });
    const exchange = openExchange({ request, response }, entry, (what) => {
      vendor.record.note(entry, what);
    });
    if (reading.type === 'refuse') exchange.fail(reading.status, reading.message);
    else if (!vendor.knows(reading.question.model)) exchange.fail(404, `model: ${reading.question.model}`);
    else if (reading.type === 'count') count(exchange, reading.question);
    else await answer(vendor, exchange, reading);
  };
}

function read(request: IncomingMessage, path: string, given: Given): Reading {
  const refuse = (status: number, message: string, question: Asked | null = null): Reading => {
    return { type: 'refuse', question, status, message };
  };
  if (headerOf(request, 'x-api-key') === null && headerOf(request, 'authorization') === null)
    return refuse(401, 'x-api-key header is required');
  if (path !== messagesPath && path !== countPath) return refuse(404, `Not found: ${path}`);
  if (request.method !== 'POST') return refuse(405, 'Method Not Allowed');
  if (given.type === 'too_large') return refuse(413, 'Request exceeds the maximum size');
  if (given.type === 'broken') return refuse(400, 'The request body is not valid JSON');
  if (path === countPath) {
    const body = CountBody.safeParse(given.value);
    return body.success ? { type: 'count', question: asked(body.data) } : refuse(400, described(body.error));
  }
  const body = MessagesBody.safeParse(given.value);
  if (!body.success) return refuse(400, described(body.error));
  const question = asked(body.data);
  // The newest models take no beginning of their own answer to go on from.
  if (question.turns.at(-1)?.role === 'assistant') return refuse(400, prefilled, question);
  return { type: 'answer', question, maxTokens: body.data.max_tokens, stream: body.data.stream };
}

const prefilled =
  'This model does not support assistant message prefill. The conversation must end with a user message.';

function count(exchange: Exchange, question: Asked): void {
  exchange.open(200, { 'content-type': 'application/json' });
  exchange.end(JSON.stringify({ input_tokens: inputTokensOf(question) }));
}

async function answer(
  { script, latencyMs }: Vendor,
  exchange: Exchange,
  { question, maxTokens, stream }: Reading & { type: 'answer' },
): Promise<void> {
  const then = script.next(question);
  exchange.entry.scripted = then?.type ?? null;
  const delivery = {
    envelope: { id: `msg_simulated_${randomBytes(12).toString('hex')}`, model: question.model },
    answer: answerTo(question, maxTokens, then),
    then,
    latencyMs: latencyOf(question, latencyMs) + (then?.type === 'slow' ? then.ms : 0),
  };
  await deliver(exchange, delivery, stream);
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function described({ issues: [issue] }: { issues: { path: PropertyKey[]; message: string }[] }): string {
  const place = issue?.path.map(String).join('.') ?? '';
  return `${place === '' ? 'body' : place}: ${issue?.message ?? 'makes no sense'}`;
}
