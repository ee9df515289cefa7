import { z } from 'zod';
import { limits } from '../../contract/limits';
import type { Stop } from '../../contract/gateway';
import type { VendorUsage } from './vendor';

const Tokens = z.int().min(0);
const Cache = {
  cache_read_input_tokens: Tokens.nullish(),
  cache_creation_input_tokens: Tokens.nullish(),
};

const MessageStart = z.looseObject({
  message: z.looseObject({
    model: z.string().min(1),
    usage: z.looseObject({ input_tokens: Tokens, output_tokens: Tokens.nullish(), ...Cache }),
  }),
});
const BlockStart = z.looseObject({
  content_block: z.looseObject({ type: z.string(), text: z.string().nullish() }),
});
const BlockDelta = z.looseObject({ delta: z.looseObject({ type: z.string(), text: z.string().nullish() }) });
const MessageDelta = z.looseObject({
  delta: z.looseObject({ stop_reason: z.string().nullish() }),
  usage: z.looseObject({ input_tokens: Tokens.nullish(), output_tokens: Tokens, ...Cache }),
});
const AnyEvent = z.looseObject({ type: z.string() });

const stops: Readonly<Record<string, Stop>> = {
  end_turn: 'end',
  stop_sequence: 'end',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'refusal',
};

/** An answer in the making, event by event. */
export interface Message {
  model: string | null;
  text: string;
  textBytes: number;
  /** As the vendor last gave it; of the output only the end of the stream says how much it was. */
  usage: VendorUsage;
  counted: boolean;
  vendorStop: string | null;
  complete: boolean;
}

export function emptyMessage(): Message {
  return {
    model: null,
    text: '',
    textBytes: 0,
    usage: { inputTokens: 0, outputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0 },
    counted: false,
    vendorStop: null,
    complete: false,
  };
}

/** What is to be paid if the stream ends here: until the vendor has counted, a token a byte, up to the cap. */
export function usageSoFar({ usage, counted, textBytes }: Message, outputCap: number): VendorUsage {
  if (counted) return usage;
  return { ...usage, outputTokens: Math.max(usage.outputTokens, Math.min(textBytes, outputCap)) };
}

/** Our word for the vendor's reason to stop; null for one that is no end of a text. */
export function stopOf(vendorStop: string | null): Stop | null {
  return vendorStop === null ? null : (stops[vendorStop] ?? null);
}

/**
 * Adds an event of the stream. Answers the text that it brought; throws `ZodError` or `RangeError`
 * for one that breaks the protocol. Events and kinds of content that are unknown are passed over.
 */
export function addEvent(message: Message, event: unknown): string {
  const { type } = AnyEvent.parse(event);
  if (type === 'message_start') return start(message, event);
  if (type === 'content_block_start' || type === 'content_block_delta' || type === 'message_delta') {
    if (message.model === null) throw new RangeError(`${type} came before message_start`);
  }
  if (type === 'content_block_start') {
    const { content_block: block } = BlockStart.parse(event);
    return block.type === 'text' ? addText(message, block.text ?? '') : '';
  }
  if (type === 'content_block_delta') {
    const { delta } = BlockDelta.parse(event);
    return delta.type === 'text_delta' ? addText(message, z.string().parse(delta.text)) : '';
  }
  if (type === 'message_delta') finish(message, event);
  if (type === 'message_stop') message.complete = true;
  return '';
}

function start(message: Message, event: unknown): string {
  const { model, usage } = MessageStart.parse(event).message;
  message.model = model;
  message.usage = {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens ?? 0,
    cachedTokens: usage.cache_read_input_tokens ?? 0,
    cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
  };
  return '';
}

function addText(message: Message, text: string): string {
  message.text += text;
  message.textBytes += Buffer.byteLength(text, 'utf8');
  if (message.textBytes > limits.answerBytesMax)
    throw new RangeError(`the answer is longer than ${String(limits.answerBytesMax)} bytes`);
  return text;
}

// The counts of a message_delta are those of the whole message, not what was added.
function finish(message: Message, event: unknown): void {
  const { delta, usage } = MessageDelta.parse(event);
  if (typeof delta.stop_reason === 'string') message.vendorStop = delta.stop_reason;
  message.counted = true;
  message.usage = {
    inputTokens: usage.input_tokens ?? message.usage.inputTokens,
    outputTokens: usage.output_tokens,
    cachedTokens: usage.cache_read_input_tokens ?? message.usage.cachedTokens,
    cacheWriteTokens: usage.cache_creation_input_tokens ?? message.usage.cacheWriteTokens,
  };
}
