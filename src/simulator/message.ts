import type { Answer } from './answer';

/** Who a message comes from and to whom: what is known before there is an answer. */
export interface Envelope {
  id: string;
  model: string;
}

/** The whole answer as `POST /v1/messages` gives it without a stream. */
export function messageOf({ id, model }: Envelope, answer: Answer) {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: answer.text === '' ? [] : [{ type: 'text', text: answer.text, citations: null }],
    container: null,
    stop_reason: answer.stopReason as string | null,
    stop_sequence: null,
    stop_details: answer.stopReason === 'refusal' ? refusal : null,
    usage: usageOf(answer),
  };
}

export interface StreamEvent {
  type: string;
  [member: string]: unknown;
}

/** What comes before the first word. */
export function opening(envelope: Envelope, answer: Answer): StreamEvent[] {
  const begun = { ...answer, text: '', stopReason: '', outputTokens: 1 };
  const start = { type: 'message_start', message: { ...messageOf(envelope, begun), stop_reason: null } };
  if (answer.text === '') return [start, { type: 'ping' }];
  return [
    start,
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
    { type: 'ping' },
  ];
}

export function piece(text: string): StreamEvent {
  return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
}

/** What comes after the last word. */
export function closing(answer: Answer): StreamEvent[] {
  const { stop_reason, stop_sequence, stop_details, usage } = messageOf({ id: '', model: '' }, answer);
  const delta = { container: null, stop_reason, stop_sequence, stop_details };
  return [
    ...(answer.text === '' ? [] : [{ type: 'content_block_stop', index: 0 }]),
    { type: 'message_delta', delta, usage },
    { type: 'message_stop' },
  ];
}

/** One event on the wire. */
export function serialized(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

const refusal = { type: 'refusal', category: null, explanation: 'The simulated vendor was told to refuse.' };

function usageOf({ inputTokens, outputTokens }: Answer) {
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: 'standard',
  };
}
