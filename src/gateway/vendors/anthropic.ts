import Anthropic from '@anthropic-ai/sdk';
import type { Middleware } from '@anthropic-ai/sdk';
import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import { z } from 'zod';
import { limits } from '../../contract/limits';
import { addEvent, emptyMessage, stopOf, usageSoFar, type Message } from './anthropic-events';
import { faultOf, plain } from './anthropic-faults';
import { watch, type Ending } from './silence';
import type { StreamOptions, Vendor, VendorOutcome, VendorRequest } from './vendor';

type Body = Omit<Anthropic.MessageCreateParamsStreaming, 'stream'>;

/** Anthropic's Messages API through its SDK, streaming, at any server that speaks it. */
export function anthropic({ apiKey, baseUrl }: { apiKey: string; baseUrl: string }): Vendor {
  const client = new Anthropic({
    apiKey,
    authToken: null,
    baseURL: baseUrl,
    maxRetries: 0,
    logLevel: 'off',
    // The SDK sends the key as a bearer token; servers that speak the protocol from before look here.
    defaultHeaders: { 'X-Api-Key': apiKey },
  });
  return {
    stream: (request, options) => stream(client, request, options),
    count: (request, signal) => count(client, request, signal),
    bound: (request) => Buffer.byteLength(JSON.stringify(bodyOf(request)), 'utf8'),
  };
}

async function stream(
  client: Anthropic,
  request: VendorRequest,
  options: StreamOptions,
): Promise<VendorOutcome> {
  const guard = watch(options.signal, { idleMs: options.idleMs, totalMs: options.timeoutMs });
  const message = emptyMessage();
  let requestId: string | null = null;
  try {
    const { data, request_id: id } = await client.messages
      .create(
        { ...bodyOf(request), ...sampling(request), stream: true },
        {
          signal: guard.signal,
          headers: versionFor(request),
          // Never the shorter one: the guard alone decides, so that it also knows why.
          timeout: options.timeoutMs + 1000,
          maxRetries: 0,
          middleware: [hearing(guard.heard)],
        },
      )
      .withResponse();
    requestId = id ?? null;
    for await (const event of data as AsyncIterable<unknown>) {
      const text = addEvent(message, event);
      options.onUsage(usageSoFar(message, request.maxOutputTokens));
      if (text !== '') options.onText(text);
    }
  } catch (error) {
    const ending = guard.ending();
    if (ending !== null) return ended(ending, options, requestId);
    if (error instanceof z.ZodError || error instanceof RangeError)
      return plain('invalid_response', `broke its protocol: ${described(error)}`, requestId);
    const fault = faultOf(error);
    return { ...fault, requestId: fault.requestId ?? requestId };
  } finally {
    guard.stop();
  }
  // The SDK ends the iteration without a word when the request is aborted.
  const ending = guard.ending();
  return ending === null || message.complete ? judge(message, requestId) : ended(ending, options, requestId);
}

/** What a stream that ended by itself amounts to. */
function judge(message: Message, requestId: string | null): VendorOutcome {
  const { model, text, usage, vendorStop } = message;
  if (model === null) return plain('invalid_response', 'answered 200 without a message', requestId);
  if (!message.complete) return plain('connection', 'ended its answer in the middle', requestId);
  const stop = stopOf(vendorStop);
  if (stop === null || vendorStop === null)
    return plain('invalid_response', `stopped with reason ${String(vendorStop)}`, requestId);
  if (stop === 'end' && text.trim() === '')
    return plain('empty_response', 'answered with no text', requestId);
  return { type: 'answered', text, stop, vendorStop, model, usage, requestId };
}

function ended(ending: Ending, options: StreamOptions, requestId: string | null): VendorOutcome {
  if (ending === 'aborted') return { type: 'aborted' };
  const seconds = (ending === 'idle' ? options.idleMs : options.timeoutMs) / 1000;
  const what = ending === 'idle' ? 'was silent for' : 'had not finished after';
  return plain('timeout', `${what} ${String(seconds)} seconds`, requestId);
}

function described(error: z.ZodError | RangeError): string {
  if (error instanceof RangeError) return error.message;
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim();
}

// Pings don't come out of the SDK's iteration, but they are a sign of life: bytes are listened for.
function hearing(heard: () => void): Middleware {
  return async (request, next) => {
    const response = await next(request);
    heard();
    if (response.body === null) return response;
    const listened = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          heard();
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(listened, response);
  };
}

async function count(client: Anthropic, request: VendorRequest, signal: AbortSignal): Promise<number | null> {
  const { model, system, messages, output_config: output } = bodyOf(request);
  const body = {
    ...{ model, messages },
    ...(system === undefined ? {} : { system }),
    ...(output === undefined ? {} : { output_config: output }),
  };
  try {
    const answer = await client.messages.countTokens(body, {
      signal,
      timeout: limits.countSecondsMax * 1000,
      maxRetries: 0,
    });
    const parsed = z.looseObject({ input_tokens: z.int().positive() }).safeParse(answer);
    return parsed.success ? parsed.data.input_tokens : null;
  } catch {
    // Not every server that speaks the protocol counts, and the bound by bytes holds without it.
    return null;
  }
}

// The newest version of the protocol has no temperature and refuses it for every model; the one
// before leaves that to the model, so there it is either followed or refused by name.
function sampling({ temperature }: VendorRequest): object {
  return temperature === undefined ? {} : { temperature };
}

function versionFor({ temperature }: VendorRequest): Record<string, string> {
  return temperature === undefined ? {} : { 'anthropic-version': '2023-06-01' };
}

function bodyOf({ model, system, messages, schema, maxOutputTokens }: VendorRequest): Body {
  const form = schema === undefined ? null : formOf(schema);
  const instructions = [system, form?.instruction ?? ''].filter((part) => part !== '').join('\n\n');
  return {
    model,
    max_tokens: maxOutputTokens,
    // Half a character would be refused by the vendor, now and in every later turn that repeats it.
    messages: messages.map(({ role, text }) => ({ role, content: text.toWellFormed() })),
    ...(instructions === '' ? {} : { system: instructions.toWellFormed() }),
    ...(form?.schema === undefined
      ? {}
      : { output_config: { format: { type: 'json_schema', schema: form.schema } } }),
  };
}

// What the vendor can't enforce becomes part of a description; the activity checks the whole schema.
// A schema that has no such form at all (any value is right) is asked for in words.
function formOf(schema: unknown): { schema?: Record<string, unknown>; instruction?: string } {
  try {
    return { schema: transformJSONSchema(z.record(z.string(), z.unknown()).parse(schema)) };
  } catch {
    return { instruction: `Answer with JSON alone, by this JSON Schema: ${JSON.stringify(schema)}` };
  }
}
