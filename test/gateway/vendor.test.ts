import type { ServerResponse } from 'node:http';
import { anthropic } from '../../src/gateway/vendors/anthropic';
import { parseRetryAfter } from '../../src/gateway/vendors/retry-after';
import type {
  StreamOptions,
  Vendor,
  VendorOutcome,
  VendorRequest,
  VendorUsage,
} from '../../src/gateway/vendors/vendor';
import {
  fail,
  message,
  startOddVendor,
  stream,
  write,
  type Event,
  type OddVendor,
} from './support/odd-vendor';
import { until } from './support/gateway';

// The real SDK against a server that answers anything but well: nothing of it may pass for an answer.

let odd: OddVendor;
let vendor: Vendor;

const asked: VendorRequest = {
  model: 'claude-sonnet-5-5',
  system: 'You write.',
  messages: [{ role: 'user', text: 'Write.' }],
  schema: undefined,
  temperature: undefined,
  maxOutputTokens: 100,
};

beforeEach(async () => {
  odd = await startOddVendor();
  vendor = anthropic({ apiKey: 'key-of-the-tests', baseUrl: odd.url });
});

afterEach(async () => {
  await odd.close();
});

async function ask(
  answer: (response: ServerResponse) => void,
  options: Partial<StreamOptions> = {},
  request: VendorRequest = asked,
): Promise<VendorOutcome> {
  odd.answer = answer;
  const { signal } = new AbortController();
  const nothing = { onText: () => undefined, onUsage: () => undefined };
  return vendor.stream(request, { signal, timeoutMs: 5000, idleMs: 5000, ...nothing, ...options });
}

const start = message({ text: 'Half.' }).slice(0, 3);

function without(type: string): Event[] {
  return message({ text: 'Fine.' }).filter((event) => event.type !== type);
}

function changed(type: string, event: Event): Event[] {
  return message({ text: 'Fine.' }).map((each) => (each.type === type ? event : each));
}

test('takes a well-formed answer with its usage, stop and request id', async () => {
  const texts: string[] = [];
  const outcome = await ask(
    (response) => {
      stream(response, message({ text: 'Fine.', input: 7, output: 9 }));
    },
    { onText: (text) => texts.push(text) },
  );
  expect(outcome).toEqual({
    ...{ type: 'answered', text: 'Fine.', stop: 'end', vendorStop: 'end_turn', model: 'odd-model' },
    usage: { inputTokens: 7, outputTokens: 9, cachedTokens: 0, cacheWriteTokens: 0 },
    requestId: 'req_odd',
  });
  expect(texts).toEqual(['Fine.']);
});

test.each([
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['stop_sequence', 'end'],
  ['refusal', 'refusal'],
])('knows the stop reason %s as %s', async (vendorStop, stop) => {
  const outcome = await ask((response) => {
    stream(response, message({ text: 'Fine.', stop: vendorStop }));
  });
  expect(outcome).toMatchObject({ type: 'answered', stop, vendorStop });
});

const sse = (body: string) => (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body);
};

test.each<[string, string, (response: ServerResponse) => void]>([
  [
    'an HTML page',
    'invalid_response',
    (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>OK</body></html>'),
  ],
  [
    'an object of another shape',
    'invalid_response',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"foo":1}'),
  ],
  ['nothing at all', 'invalid_response', (response) => response.writeHead(200).end()],
  ['JSON that breaks off', 'invalid_response', sse('event: message_start\ndata: {"type":"mess\n\n')],
  [
    'a stop reason that is null',
    'invalid_response',
    (r) => {
      stream(r, message({ text: 'Fine.', stop: null }));
    },
  ],
  [
    'a stop reason nobody knows',
    'invalid_response',
    (r) => {
      stream(r, message({ text: 'Fine.', stop: 'bored' }));
    },
  ],
  [
    'a pause instead of an end',
    'invalid_response',
    (r) => {
      stream(r, message({ text: 'Fine.', stop: 'pause_turn' }));
    },
  ],
  [
    'no message_delta',
    'invalid_response',
    (r) => {
      stream(r, without('message_delta'));
    },
  ],
  [
    'text before its message',
    'invalid_response',
    (r) => {
      stream(r, without('message_start'));
    },
  ],
  [
    'usage that is no number',
    'invalid_response',
    (r) => {
      stream(
        r,
        changed('message_delta', {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { output_tokens: 'many' },
        }),
      );
    },
  ],
  [
    'usage below zero',
    'invalid_response',
    (r) => {
      stream(
        r,
        changed('message_delta', {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { output_tokens: -1 },
        }),
      );
    },
  ],
  [
    'a piece of text that is none',
    'invalid_response',
    (r) => {
      stream(
        r,
        changed('content_block_delta', { type: 'content_block_delta', delta: { type: 'text_delta' } }),
      );
    },
  ],
  ['an event without a type', 'invalid_response', sse('event: message_start\ndata: {"a":1}\n\n')],
  [
    'only spaces',
    'empty_response',
    (r) => {
      stream(r, message({ text: ' \n ' }));
    },
  ],
  [
    'no text',
    'empty_response',
    (r) => {
      stream(r, without('content_block_delta'));
    },
  ],
  [
    'an end without message_stop',
    'connection',
    (r) => {
      stream(r, without('message_stop'));
    },
  ],
  [
    'half a stream',
    'connection',
    (r) => {
      stream(r, start);
    },
  ],
  [
    'a reset in the middle',
    'connection',
    (r) => {
      write(r, start);
      setTimeout(() => r.socket?.resetAndDestroy(), 20);
    },
  ],
  [
    'a reset before anything',
    'connection',
    (r) => {
      r.socket?.resetAndDestroy();
    },
  ],
  [
    'an overload in the stream',
    'overloaded',
    (r) => {
      stream(r, [...start, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]);
    },
  ],
  [
    'an error of unknown type in the stream',
    'server_error',
    (r) => {
      stream(r, [...start, { type: 'error', error: { type: 'weird', message: 'Weird' } }]);
    },
  ],
])('treats %s as %s', async (_what, fault, answer) => {
  expect(await ask(answer)).toMatchObject({ type: 'fault', fault });
});

test.each([
  [400, 'invalid_request_error', 'bad_request'],
  [401, 'authentication_error', 'authentication'],
  [402, 'billing_error', 'permission'],
  [403, 'permission_error', 'permission'],
  [404, 'not_found_error', 'not_found'],
  [413, 'request_too_large', 'too_large'],
  [422, 'invalid_request_error', 'bad_request'],
  [429, 'rate_limit_error', 'rate_limit'],
  [500, 'api_error', 'server_error'],
  [503, 'api_error', 'server_error'],
  [504, 'timeout_error', 'timeout'],
  [529, 'overloaded_error', 'overloaded'],
])('maps status %d (%s) to %s and asks once', async (status, type, fault) => {
  const outcome = await ask((response) => {
    fail(response, { status, type });
  });
  expect(outcome).toMatchObject({ type: 'fault', fault });
  expect(JSON.stringify(outcome)).not.toContain('sk-ant-12345');
  expect(odd.calls()).toBe(1);
});

test('passes over events, content and fields that it does not know', async () => {
  const events = message({ text: 'Fine.' });
  const outcome = await ask((response) => {
    stream(response, [
      ...events.slice(0, 1),
      { type: 'ping' },
      { type: 'content_block_start', index: 9, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 9, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
      { type: 'new_kind_of_event', what: 1 },
      ...events.slice(1),
    ]);
  });
  expect(outcome).toMatchObject({ type: 'answered', text: 'Fine.' });
});

test('bears no silence longer than it is told, before and within an answer', async () => {
  expect(await ask(() => undefined, { idleMs: 100 })).toMatchObject({ type: 'fault', fault: 'timeout' });
  const within = await ask(
    (response) => {
      write(response, start);
    },
    { idleMs: 100 },
  );
  expect(within).toMatchObject({ type: 'fault', fault: 'timeout', requestId: 'req_odd' });
  await until('both connections are closed', () => odd.closedByClient() === 2);
});

test('takes pings for life, but no answer longer than its time', async () => {
  let pings: NodeJS.Timeout | undefined;
  const startedMs = Date.now();
  const outcome = await ask(
    (response) => {
      write(response, start);
      pings = setInterval(() => response.write('event: ping\ndata: {"type":"ping"}\n\n'), 30);
    },
    { idleMs: 200, timeoutMs: 700 },
  );
  clearInterval(pings);
  expect(outcome).toMatchObject({ type: 'fault', fault: 'timeout' });
  expect(Date.now() - startedMs).toBeGreaterThanOrEqual(690);
});

test('closes the connection when it is called off, having said what was used', async () => {
  const controller = new AbortController();
  let used: VendorUsage | null = null;
  const outcome = await ask(
    (response) => {
      write(response, start);
    },
    {
      signal: controller.signal,
      onText: () => {
        setTimeout(() => {
          controller.abort();
        }, 20);
      },
      onUsage: (usage) => (used = usage),
    },
  );
  expect(outcome).toEqual({ type: 'aborted' });
  expect(used).toEqual({ inputTokens: 10, outputTokens: 5, cachedTokens: 0, cacheWriteTokens: 0 });
  await until('the connection is closed', () => odd.closedByClient() === 1);
});

test('sends the key both ways, and what the model takes no more only where it is asked for', async () => {
  const fine = (response: ServerResponse): void => {
    stream(response, message({ text: 'Fine.' }));
  };
  await ask(fine);
  expect(odd.headers[0]).toMatchObject({
    authorization: 'Bearer key-of-the-tests',
    'x-api-key': 'key-of-the-tests',
  });
  expect(odd.bodies[0]).not.toHaveProperty('temperature');
  await ask(fine, {}, { ...asked, temperature: 0.5 });
  expect(odd.bodies[1]).toMatchObject({ temperature: 0.5 });
  expect(odd.headers[1]).toMatchObject({ 'anthropic-version': '2023-06-01' });
});

test('asks for a schema by the vendor’s way, and in words where there is none', async () => {
  const fine = (response: ServerResponse): void => {
    stream(response, message({ text: '{}' }));
  };
  const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] };
  await ask(fine, {}, { ...asked, schema });
  expect(odd.bodies[0]).toMatchObject({
    output_config: {
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false },
      },
    },
  });
  expect(JSON.stringify(odd.bodies[0])).not.toMatch(/"minimum":/);
  await ask(fine, {}, { ...asked, schema: {} });
  expect(odd.bodies[1]).not.toHaveProperty('output_config');
  expect(odd.bodies[1]?.['system']).toContain('JSON Schema');
});

test('sends no half characters', async () => {
  await ask(
    (response) => {
      stream(response, message({ text: 'Fine.' }));
    },
    {},
    { ...asked, messages: [{ role: 'user', text: 'a\ud800b' }] },
  );
  expect(odd.bodies[0]).toMatchObject({ messages: [{ role: 'user', content: 'a\ufffdb' }] });
});

test('bounds the input by its bytes', () => {
  expect(vendor.bound(asked)).toBeGreaterThan('You write.Write.'.length);
  const longer = { ...asked, system: 'ä'.repeat(1000) };
  expect(vendor.bound(longer)).toBeGreaterThan(2000);
});

test('reads retry-after as seconds and as a date, and nothing else', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const read = (value: string): number | null => parseRetryAfter(new Headers({ 'retry-after': value }), now);
  expect(read('2')).toBe(2000);
  expect(read('0.5')).toBe(500);
  expect(read('86400')).toBe(86_400_000);
  expect(read('Thu, 01 Jan 2026 00:01:30 GMT')).toBe(90_000);
  expect(read('Wed, 31 Dec 2025 00:00:00 GMT')).toBe(0);
  for (const garbage of ['soon', '', '-5', '1e999', 'NaN', '5 minutes', '9'.repeat(30)])
    expect(read(garbage)).toBeNull();
  expect(parseRetryAfter(new Headers(), now)).toBeNull();
});
