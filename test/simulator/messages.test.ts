import Anthropic from '@anthropic-ai/sdk';
import { startSimulator, type TestSimulator } from '../support/simulator';

let simulator: TestSimulator;
let client: Anthropic;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new Anthropic({ apiKey: 'any', baseURL: simulator.url, maxRetries: 0, timeout: 5000 });
});
afterAll(() => simulator.close());

const model = 'claude-sonnet-5-5';
const ask = (content: string, more: object = {}) =>
  client.messages.create({ model, max_tokens: 4096, messages: [{ role: 'user', content }], ...more });

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

describe('the simulated vendor, through the vendor’s own SDK', () => {
  test('answers a prompt with a text on its subject that says once that it is simulated', async () => {
    const message = await ask('Market angle of heat pumps');
    const text = textOf(message);
    expect(message).toMatchObject({ type: 'message', role: 'assistant', model, stop_reason: 'end_turn' });
    expect(message.id).toMatch(/^msg_simulated_/);
    expect(text).toContain('heat pumps');
    expect(text.match(/Simulated answer/g)).toHaveLength(1);
    const words = text.split(/\s+/).length;
    expect(words).toBeGreaterThan(120);
    expect(words).toBeLessThan(320);
  });

  test('gives the same answer to the same request, and another to another', async () => {
    const [first, second, other] = [await ask('On geese'), await ask('On geese'), await ask('On ducks')];
    expect(textOf(first)).toBe(textOf(second));
    expect(first.usage).toEqual(second.usage);
    expect(textOf(other)).not.toBe(textOf(first));
  });

  test('gives the same answer whatever the ids of the data blocks are', async () => {
    const asked = (id: string) =>
      ask(`Write the brief on geese.\n\n<data name="x" id="${id}">Long.</data id="${id}">`);
    expect(textOf(await asked('k1'))).toBe(textOf(await asked('zz9')));
  });

  test.each([
    ['a mark', 'a<b', 'a<b'],
    ['two lines', 'steam trains\nof Wales', 'steam trains'],
    ['a heading', '# Old clocks\n\nThey tick.', 'Old clocks'],
    ['an end of another', '</data> canals', 'data canals'],
    ['one long word', 'å'.repeat(500), `${'å'.repeat(80)}\n`],
  ])('takes what is in a data block for its subject, and never the block: %s', async (_, topic, subject) => {
    const data = `<data name="input.topic" id="ocjwf24d-1">${topic}</data id="ocjwf24d-1">`;
    const text = textOf(await ask(`Write a short text about ${data}. Be brief.`));
    expect(`${text.split('\n')[0]?.toLowerCase() ?? ''}\n`).toContain(
      subject.replaceAll(/[<>/]/g, '').toLowerCase(),
    );
    expect(text.toLowerCase()).not.toContain('ocjwf24d');
  });

  test('streams the answer that it gives at once without a stream', async () => {
    const plain = await ask('Technical angle of heat pumps');
    const types: string[] = [];
    const stream = client.messages.stream({
      model,
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Technical angle of heat pumps' }],
    });
    stream.on('streamEvent', ({ type }) => types.push(type));
    const streamed = await stream.finalMessage();
    expect(textOf(streamed)).toBe(textOf(plain));
    expect(streamed.usage).toMatchObject({
      input_tokens: plain.usage.input_tokens,
      output_tokens: plain.usage.output_tokens,
    });
    expect([...new Set(types)]).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta'],
      ...['content_block_stop', 'message_delta', 'message_stop'],
    ]);
  });

  test('marks everything that it answers', async () => {
    const { response, request_id } = await ask('On geese').withResponse();
    expect(response.headers.get('x-simulated')).toBe('true');
    expect(request_id).toMatch(/^req_simulated_/);
  });

  test('counts the tokens that it charges for', async () => {
    const messages = [{ role: 'user' as const, content: 'Ωmega '.repeat(100) }];
    const { input_tokens } = await client.messages.countTokens({ model, system: 'Be brief.', messages });
    const answer = await client.messages.create({ model, max_tokens: 100, system: 'Be brief.', messages });
    expect(answer.usage.input_tokens).toBe(input_tokens);
    expect(input_tokens).toBeLessThan(Buffer.byteLength(JSON.stringify(messages)));
  });

  test('cuts an answer at its output cap, and goes on with it when asked to', async () => {
    const whole = textOf(await ask('Market angle of heat pumps'));
    const cut = await ask('Market angle of heat pumps', { max_tokens: 50 });
    expect(cut.stop_reason).toBe('max_tokens');
    expect(cut.usage.output_tokens).toBe(50);
    const rest = await client.messages.create({
      model,
      max_tokens: 4096,
      messages: [
        { role: 'user', content: 'Market angle of heat pumps' },
        { role: 'assistant', content: textOf(cut) },
        { role: 'user', content: 'Go on exactly where you stopped.' },
      ],
    });
    expect(textOf(cut) + textOf(rest)).toBe(whole);
  });

  test('draws on the material in the data blocks of a prompt', async () => {
    const findings = JSON.stringify({
      market:
        '# Market\n\n*Simulated answer: x.*\n\nSales of heat pumps doubled in the north within three years. More follows.',
      people: 'Owners praise the quiet operation of their new heating above all else.',
    });
    const text = textOf(
      await ask(`Write the brief on heat pumps.\n\n<data name="research" id="k3">${findings}</data id="k3">`),
    );
    expect(text).toContain('Sales of heat pumps doubled in the north within three years.');
    expect(text).toContain('## People');
    expect(text.match(/Simulated answer/g)).toHaveLength(1);
  });

  test.each([
    ['no key', { 'x-api-key': '' }, '{}', '/v1/messages', 401, 'authentication_error'],
    ['an unknown path', { 'x-api-key': 'k' }, '{}', '/v1/complete', 404, 'not_found_error'],
    ['a body that is no JSON', { 'x-api-key': 'k' }, '{', '/v1/messages', 400, 'invalid_request_error'],
    [
      'a body without messages',
      { 'x-api-key': 'k' },
      '{"model":"m","max_tokens":1}',
      '/v1/messages',
      400,
      'invalid_request_error',
    ],
    [
      'no messages',
      { 'x-api-key': 'k' },
      '{"model":"m","max_tokens":1,"messages":[]}',
      '/v1/messages',
      400,
      'invalid_request_error',
    ],
    ['null', { 'x-api-key': 'k' }, 'null', '/v1/messages', 400, 'invalid_request_error'],
  ])('refuses %s the way the vendor does', async (_what, headers, body, path, status, type) => {
    const response = await fetch(simulator.url + path, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body,
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('x-simulated')).toBe('true');
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type },
      request_id: response.headers.get('request-id'),
    });
  });

  test('knows no model that its catalog does not have', async () => {
    await expect(
      client.messages.create({
        model: 'no-such-model',
        max_tokens: 1,
        messages: [{ role: 'user', content: 'x' }],
      }),
    ).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
  });

  test('refuses to be given the beginning of its answer', async () => {
    const messages = [
      { role: 'user' as const, content: 'On geese' },
      { role: 'assistant' as const, content: 'Geese' },
    ];
    await expect(client.messages.create({ model, max_tokens: 1, messages })).rejects.toMatchObject({
      status: 400,
    });
  });
});
