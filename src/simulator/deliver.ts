import { piecesOf, type Answer } from './answer';
import type { Exchange } from './exchange';
import { closing, messageOf, opening, piece, serialized, type Envelope, type StreamEvent } from './message';
import type { Then } from './script';
import { tokensOf } from './tokens';

export interface Delivery {
  envelope: Envelope;
  answer: Answer;
  then: Then | null;
  /** From the request to the last byte. */
  latencyMs: number;
}

// The part of the latency that passes before the first word.
const thinkingShare = 0.2;

/** Sends the answer, streaming or whole, with the fault that its script gave it. */
export async function deliver(exchange: Exchange, delivery: Delivery, stream: boolean): Promise<void> {
  const { then } = delivery;
  if (then?.type === 'error') {
    const headers = then.retryAfter === undefined ? undefined : { 'retry-after': then.retryAfter };
    exchange.fail(then.status, then.message ?? `Simulated ${String(then.status)}.`, headers);
    return;
  }
  if (then?.type === 'reset') {
    exchange.reset();
    return;
  }
  if (then?.type === 'hang' && then.after === 'request') await exchange.hang();
  if (then?.type === 'malformed' && malformed(exchange, then.body)) return;
  await (stream ? streamed : whole)(exchange, delivery);
}

// Bodies that aren't a message at all. The others are messages with a flaw, which come later.
function malformed(exchange: Exchange, body: (Then & { type: 'malformed' })['body']): boolean {
  if (body === 'no_stop_reason' || body === 'bad_usage') return false;
  exchange.open(200, { 'content-type': body === 'html' ? 'text/html' : 'application/json' });
  exchange.end(bodies[body]);
  return true;
}

const bodies = {
  html: '<!doctype html><title>Sign in</title><p>Please sign in to continue.</p>',
  object: '{}',
  garbage: '{"type":"message","content":[{"type":"te',
};

async function whole(exchange: Exchange, { envelope, answer, then, latencyMs }: Delivery): Promise<void> {
  await exchange.wait(latencyMs);
  const body = JSON.stringify(flawed(messageOf(envelope, answer), then));
  exchange.open(200, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  });
  bill(exchange, answer);
  const half = body.slice(0, Math.floor(body.length / 2));
  if (then?.type === 'half' || then?.type === 'hang') {
    await exchange.write(half);
    if (then.type === 'hang') await exchange.hang();
    exchange.reset();
    return;
  }
  exchange.end(body);
}

async function streamed(exchange: Exchange, delivery: Delivery): Promise<void> {
  const { envelope, answer, then } = delivery;
  const pieces = piecesOf(answer.text, then?.type === 'drip' ? answer.text.length : undefined);
  const wordsMs = delivery.latencyMs * (1 - thinkingShare);
  const apartMs = then?.type === 'drip' ? then.ms : wordsMs / Math.max(1, pieces.length);
  const send = async (event: StreamEvent): Promise<void> => {
    await exchange.write(serialized(flawed(event, then)));
  };

  await exchange.wait(delivery.latencyMs * thinkingShare);
  exchange.open(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  bill(exchange, { ...answer, outputTokens: 1 });
  for (const event of opening(envelope, answer)) await send(event);
  let said = '';
  for (const [index, text] of pieces.entries()) {
    if (then?.type === 'hang' && index > 0) await exchange.hang();
    if (then?.type === 'half' && index >= pieces.length / 2) {
      await breakOff(exchange, then.end);
      return;
    }
    await exchange.wait(apartMs);
    await send(piece(text));
    said += text;
    bill(exchange, { ...answer, outputTokens: tokensOf(said) });
  }
  if (then?.type === 'hang') await exchange.hang();
  bill(exchange, answer);
  for (const event of closing(answer)) await send(event);
  exchange.end();
}

async function breakOff(exchange: Exchange, end: 'close' | 'reset' | 'error'): Promise<void> {
  if (end === 'reset') {
    exchange.reset();
    return;
  }
  const error = { type: 'overloaded_error', message: 'Simulated overload.' };
  if (end === 'error') await exchange.write(serialized({ type: 'error', error }));
  exchange.end();
}

function bill({ entry }: Exchange, { inputTokens, outputTokens }: Answer): void {
  entry.inputTokens = inputTokens;
  entry.outputTokens = outputTokens;
}

/** A message, or an event of one, with the flaw that the script asks for. */
function flawed<Part extends object>(part: Part, then: Then | null): Part {
  if (then?.type !== 'malformed') return part;
  if (then.body === 'bad_usage' && 'usage' in part)
    return { ...part, usage: { input_tokens: -1, output_tokens: 'many' } };
  if (then.body === 'no_stop_reason' && 'stop_reason' in part) return { ...part, stop_reason: null };
  if (then.body === 'no_stop_reason' && 'delta' in part && 'usage' in part)
    return { ...part, delta: { ...(part.delta as object), stop_reason: null } };
  return part;
}
