import Anthropic from '@anthropic-ai/sdk';
import { startSimulator, type TestSimulator } from '../support/simulator';
import { createSimulator } from '../../src/simulator/app';

let simulator: TestSimulator;
let client: Anthropic;
beforeEach(async () => {
  simulator = await startSimulator();
  client = new Anthropic({
    apiKey: 'any',
    baseURL: simulator.url,
    maxRetries: 0,
    timeout: 5000,
    logLevel: 'off',
  });
});
afterEach(() => simulator.close());

const model = 'claude-sonnet-5-5';
const request = { model, max_tokens: 1000, messages: [{ role: 'user' as const, content: 'On geese' }] };
const ask = () => client.messages.create(request);
const stream = () => client.messages.stream(request);

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a call that a test has scripted', () => {
  test.each([
    [429, '7', 'rate_limit_error'],
    [429, 'Wed, 21 Oct 2026 07:28:00 GMT', 'rate_limit_error'],
    [429, 'soon', 'rate_limit_error'],
    [529, undefined, 'overloaded_error'],
    [500, undefined, 'api_error'],
    [403, undefined, 'permission_error'],
  ])('is answered %i with retry-after %p', async (status, retryAfter, type) => {
    await simulator.script({
      then: { type: 'error', status, ...(retryAfter === undefined ? {} : { retryAfter }) },
    });
    const error = await ask().then(
      () => null,
      (thrown: unknown) => thrown as InstanceType<typeof Anthropic.APIError>,
    );
    expect(error).toMatchObject({ status, type });
    expect(error?.headers?.get('retry-after')).toBe(retryAfter ?? null);
    expect(await simulator.totals()).toMatchObject({ calls: 1, inputTokens: 0, outputTokens: 0 });
  });

  test('gets its usual answer again once the script is used up', async () => {
    await simulator.script({ times: 2, then: { type: 'error', status: 500 } });
    await expect(ask()).rejects.toMatchObject({ status: 500 });
    await expect(ask()).rejects.toMatchObject({ status: 500 });
    expect((await ask()).stop_reason).toBe('end_turn');
  });

  test('is told from others by its model and by words of its prompt', async () => {
    await simulator.script({ match: 'ducks', then: { type: 'error', status: 500 } });
    await simulator.script({ model: 'claude-haiku-5-5', then: { type: 'error', status: 500 } });
    expect((await ask()).stop_reason).toBe('end_turn');
    await simulator.script({ match: 'geese', then: { type: 'answer', text: 'Honk.' } });
    expect(textOf(await ask())).toBe('Honk.');
    await simulator.clearScript();
    expect(textOf(await ask())).toContain('Simulated answer');
  });

  test('gets the JSON, the stop reason and the usage that the script names', async () => {
    await simulator.script({
      then: { type: 'answer', json: { a: 1 }, useWholeCap: true, stopReason: 'pause_turn' },
    });
    const message = await stream().finalMessage();
    expect(textOf(message)).toBe('{"a":1}');
    expect(message).toMatchObject({ stop_reason: 'pause_turn', usage: { output_tokens: 1000 } });
    expect(await simulator.totals()).toMatchObject({ outputTokens: 1000 });
  });

  test.each(['request', 'piece'] as const)('hangs after the %s until the client gives up', async (after) => {
    await simulator.script({ then: { type: 'hang', after } });
    const call = stream();
    const gaveUp = expect(call.done()).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    await until(async () => (await simulator.ledger())[0]?.scripted === 'hang');
    if (after === 'piece') await until(async () => ((await simulator.ledger())[0]?.outputTokens ?? 0) > 1);
    call.abort();
    await gaveUp;
    await until(async () => (await simulator.ledger())[0]?.closedByClient === true);
    expect((await simulator.ledger())[0]).toMatchObject({
      status: after === 'piece' ? 200 : null,
      completedAt: null,
    });
  });

  test('comes late, or in drops', async () => {
    for (const then of [{ type: 'slow', ms: 300 } as const, { type: 'drip', ms: 3 } as const]) {
      await simulator.script({ then });
      const before = Date.now();
      expect(textOf(await stream().finalMessage())).toContain('Simulated answer');
      expect(Date.now() - before).toBeGreaterThan(200);
    }
  });

  test('ends in the middle without a word, with a reset, or with an error event', async () => {
    await simulator.script({ then: { type: 'half' } });
    const events = await client.messages.create({ ...request, stream: true });
    const types: string[] = [];
    for await (const { type } of events) types.push(type);
    expect(types.at(-1)).toBe('content_block_delta');

    await simulator.script({ then: { type: 'half', end: 'reset' } });
    await expect(stream().finalMessage()).rejects.toThrow();
    await simulator.script({ then: { type: 'half', end: 'error' } });
    await expect(stream().finalMessage()).rejects.toMatchObject({ type: 'overloaded_error' });
    await simulator.script({ then: { type: 'half' } });
    await expect(ask()).rejects.toThrow();
    const entries = await simulator.ledger();
    expect(entries.map(({ closedByClient }) => closedByClient)).toEqual([false, false, false, false]);
    expect(entries.every(({ outputTokens }) => outputTokens > 1)).toBe(true);
  });

  test('is reset before a byte of its answer', async () => {
    await simulator.script({ then: { type: 'reset' } });
    await expect(ask()).rejects.toBeInstanceOf(Anthropic.APIConnectionError);
    expect((await simulator.ledger())[0]).toMatchObject({ status: null, scripted: 'reset', outputTokens: 0 });
  });

  test('is empty, cut off or refused', async () => {
    await simulator.script({ then: { type: 'empty' } });
    expect(await stream().finalMessage()).toMatchObject({ content: [], stop_reason: 'end_turn' });
    await simulator.script({ then: { type: 'cut', tokens: 5 } });
    expect(await ask()).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 5 } });
    await simulator.script({ then: { type: 'refusal' } });
    expect(await stream().finalMessage()).toMatchObject({ content: [], stop_reason: 'refusal' });
  });

  test('is answered 200 with something that is no message', async () => {
    await simulator.script({ then: { type: 'malformed', body: 'html' } });
    expect(await ask()).toContain('<!doctype html>');
    await simulator.script({ then: { type: 'malformed', body: 'object' } });
    expect(Object.keys(await ask())).toEqual([]);
    await simulator.script({ then: { type: 'malformed', body: 'garbage' } });
    await expect(ask()).rejects.toMatchObject({ name: 'SyntaxError' });
    await simulator.script({ times: 2, then: { type: 'malformed', body: 'no_stop_reason' } });
    expect((await ask()).stop_reason).toBeNull();
    expect((await stream().finalMessage()).stop_reason).toBeNull();
    await simulator.script({ then: { type: 'malformed', body: 'bad_usage' } });
    expect((await ask()).usage.input_tokens).toBe(-1);
  });

  test('breaks its schema with other JSON or with prose', async () => {
    const output_config = {
      format: { type: 'json_schema' as const, schema: { type: 'object', properties: {} } },
    };
    await simulator.script({ then: { type: 'wrong_schema' } });
    expect(textOf(await client.messages.create({ ...request, output_config }))).toBe(
      '{"simulated":"fits no schema"}',
    );
    await simulator.script({ then: { type: 'wrong_schema', as: 'prose' } });
    expect(textOf(await client.messages.create({ ...request, output_config }))).toContain('# Geese');
  });

  test('is refused where the script makes no sense', async () => {
    await expect(simulator.script({ then: { type: 'error', status: 200 } })).rejects.toThrow('422');
  });
});

describe('the record of the simulated vendor', () => {
  test('keeps what was asked, answered and billed, in order', async () => {
    await client.messages.countTokens({ model, messages: request.messages });
    const answer = await client.messages.create({ ...request, system: 'You know birds.' });
    const [counted, called] = await simulator.ledger();
    expect(counted).toMatchObject({
      n: 1,
      path: '/v1/messages/count_tokens',
      maxTokens: null,
      outputTokens: 0,
    });
    expect(called).toMatchObject({
      ...{ n: 2, path: '/v1/messages', model, stream: false, maxTokens: 1000, status: 200, scripted: null },
      ...{ system: 'You know birds.', messages: [{ role: 'user', text: 'On geese' }], closedByClient: false },
      inputTokens: answer.usage.input_tokens,
      outputTokens: answer.usage.output_tokens,
    });
    expect(await simulator.totals()).toEqual({
      calls: 1,
      counts: 1,
      inputTokens: answer.usage.input_tokens,
      outputTokens: answer.usage.output_tokens,
    });
  });

  test('is closed to who does not have the key', async () => {
    const locked = createSimulator({ latencyMs: 0, controlKey: 'secret', knows: () => true });
    const url = await locked.listen(0);
    try {
      expect((await fetch(`${url}/simulator/ledger`)).status).toBe(401);
      const headers = { authorization: 'Bearer secret' };
      expect((await fetch(`${url}/simulator/ledger`, { headers })).status).toBe(200);
      expect((await fetch(`${url}/simulator/nothing`, { headers })).status).toBe(404);
    } finally {
      await locked.close();
    }
  });
});

test('the simulated vendor listens on loopback only', async () => {
  const open = createSimulator({ latencyMs: 0, controlKey: null, knows: () => true });
  await expect(open.listen(0, '0.0.0.0')).rejects.toThrow(
    'The simulated vendor listens on loopback only, not on 0.0.0.0.',
  );
});
