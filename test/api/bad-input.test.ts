import type { Problem } from '../../src/contract/problems';
import { bearer, smallPlan, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
  await api.app.inject({ method: 'POST', url: '/v1/plans', headers: bearer(key), payload: writerPlan });
});
afterAll(() => api.close());

async function send(payload: string | object, headers: object = {}, url = '/v1/runs') {
  const response = await api.app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(key), 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
  return {
    status: response.statusCode,
    type: response.headers['content-type'],
    problem: response.json<Problem>(),
  };
}

function withFlow(flow: object): object {
  return { plan: { ...writerPlan, flow }, input: { topic: 'heat pumps' } };
}
const agentStep = { type: 'agent', agent: 'writer', prompt: 'Write.' };
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

const cases: [title: string, body: string | object, status: number, code: string, path: string | null][] = [
  ['no body', '', 422, 'validation_failed', ''],
  ['no plan', { input: {} }, 422, 'validation_failed', '/plan'],
  ['a list for a body', '[]', 422, 'validation_failed', ''],
  ['a plan of the wrong type', { plan: 5 }, 422, 'validation_failed', '/plan'],
  ['an unknown plan', { plan: 'nobody-knows' }, 422, 'validation_failed', '/plan'],
  ['an unknown version', { plan: 'writer@9.9.9' }, 422, 'validation_failed', '/plan'],
  ['an unknown field', { plan: smallPlan, colour: 'red' }, 422, 'unknown_field', '/colour'],
  [
    'an unknown option',
    { plan: smallPlan, options: { pauseBefore: [] } },
    422,
    'unknown_field',
    '/options/pauseBefore',
  ],
  [
    'an unknown field of a step',
    withFlow({ ...agentStep, colour: 'red' }),
    422,
    'unknown_field',
    '/plan/flow/colour',
  ],
  [
    'an unknown agent in a step',
    withFlow({ ...agentStep, agent: 'nobody' }),
    422,
    'validation_failed',
    '/plan/flow/agent',
  ],
  [
    'ids given twice',
    withFlow({
      type: 'sequence',
      steps: [
        { id: 'a', ...agentStep },
        { id: 'a', ...agentStep },
      ],
    }),
    422,
    'validation_failed',
    '/plan/flow/steps/1/id',
  ],
  [
    'an unknown name in a template',
    withFlow({ ...agentStep, prompt: '{{ nothing }}' }),
    422,
    'validation_failed',
    '/plan/flow/prompt',
  ],
  [
    'a condition with trailing words',
    withFlow({ ...agentStep, when: 'input.topic == "a" really' }),
    422,
    'validation_failed',
    '/plan/flow/when',
  ],
  ['an unknown type of step', withFlow({ type: 'oracle' }), 422, 'validation_failed', '/plan/flow/type'],
  [
    'input that breaks the schema',
    { plan: 'writer', input: { topic: 'a' } },
    422,
    'validation_failed',
    '/input/topic',
  ],
  ['input that lacks what is required', { plan: 'writer', input: {} }, 422, 'validation_failed', '/input'],
  [
    'a priority as text',
    { plan: smallPlan, options: { priority: '3' } },
    422,
    'validation_failed',
    '/options/priority',
  ],
  [
    'a priority out of bounds',
    { plan: smallPlan, options: { priority: 9 } },
    422,
    'validation_failed',
    '/options/priority',
  ],
  [
    'a label that is no text',
    { plan: smallPlan, options: { labels: { a: 1 } } },
    422,
    'validation_failed',
    '/options/labels/a',
  ],
  [
    'a pattern that backtracks for ever',
    { plan: { ...writerPlan, input: { type: 'string', pattern: '^(a|a)*$' } }, input: `${'a'.repeat(60)}!` },
    422,
    'validation_failed',
    '/input',
  ],
  [
    'a name of a prototype',
    '{"plan":{"name":"x","agents":{"__proto__":{}},"flow":{"type":"set","value":1}}}',
    422,
    'validation_failed',
    '/plan/agents/__proto__',
  ],
  ['input nested too deeply', { plan: smallPlan, input: nested(40) }, 400, 'too_deep', '/input'],
  ['a plan nested too deeply', { plan: { ...smallPlan, flow: nested(200) } }, 400, 'too_deep', null],
  ['nesting that would exhaust the stack', `{"plan":${'['.repeat(10_000)}`, 400, 'too_deep', null],
  ['NUL in the name of a plan', '{"plan":"small\\u0000"}', 400, 'invalid_unicode', '/plan'],
  ['half a character in the name of a plan', '{"plan":"\\ud800"}', 400, 'invalid_unicode', '/plan'],
  [
    'NUL in a label',
    { plan: smallPlan, options: { labels: { a: 'b\0' } } },
    400,
    'invalid_unicode',
    '/options/labels/a',
  ],
  ['NUL in a name of the input', '{"plan":"small","input":{"a\\u0000":1}}', 400, 'invalid_unicode', null],
  [
    'NUL in a prompt',
    withFlow({ ...agentStep, prompt: 'a\0b' }),
    400,
    'invalid_unicode',
    '/plan/flow/prompt',
  ],
  ['a name given twice', '{"plan":"a","plan":"b"}', 400, 'malformed_json', '/plan'],
  [
    'a body of 2 MB',
    JSON.stringify({ plan: smallPlan, input: 'x'.repeat(2_000_000) }),
    413,
    'payload_too_large',
    null,
  ],
  [
    'input over its own limit',
    { plan: smallPlan, input: 'x'.repeat(1_100_000) },
    422,
    'limit_exceeded',
    '/input',
  ],
];

describe('a start that makes no sense', () => {
  it.each(cases)('is refused: %s', async (_, body, status, code, path) => {
    const answer = await send(body);
    expect(answer.problem).toMatchObject({ status, code, type: `/problems/${code}` });
    expect(answer.status).toBe(status);
    expect(answer.type).toMatch('application/problem+json');
    if (path !== null) expect(answer.problem.errors?.map((error) => error.path)).toContain(path);
    expect(JSON.stringify(answer.problem)).not.toMatch(/node_modules|\.ts:|at Object/);
  });

  it('names everything that is wrong at once', async () => {
    const { problem } = await send({
      plan: { ...writerPlan, colour: 1, flow: { ...agentStep, agent: 'x', shape: 2 } },
      input: {},
    });
    const paths = problem.errors?.map((error) => error.path);
    expect(paths).toEqual(expect.arrayContaining(['/plan/colour', '/plan/flow/shape', '/plan/flow/agent']));
  });

  it('leaves no run behind', async () => {
    const { rows } = await api.ledger.database.query('SELECT id FROM runs');
    expect(rows).toEqual([]);
  });
});

describe('a request that is malformed', () => {
  it.each([
    ['another content type', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['YAML where only JSON is read', { 'content-type': 'application/yaml' }, 415, 'unsupported_media_type'],
    ['an empty idempotency key', { 'idempotency-key': '' }, 400, 'invalid_header'],
    ['an idempotency key that is too long', { 'idempotency-key': 'x'.repeat(256) }, 400, 'invalid_header'],
    ['an idempotency key beyond ASCII', { 'idempotency-key': 'schlüssel' }, 400, 'invalid_header'],
  ])('is refused: %s', async (_, headers, status, code) => {
    const answer = await send({ plan: smallPlan }, headers);
    expect(answer.problem).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
  });

  it.each([
    '/v1/runs?colour=red',
    '/v1/runs?limit=0',
    '/v1/runs?limit=5e1',
    '/v1/runs?limit=201',
    '/v1/runs?status=odd',
  ])('is refused: %s', async (url) => {
    const response = await api.app.inject({ url, headers: bearer(key) });
    expect(response.statusCode).toBe(422);
    expect(response.json<Problem>().errors).toHaveLength(1);
  });

  it.each([
    '/v1/runs?cursor=abc',
    '/v1/runs?limit=1&limit=2',
    '/v1/plans?cursor=WzFd',
    '/v1/runs?from=yesterday',
  ])('is refused: %s', async (url) => {
    const response = await api.app.inject({ url, headers: bearer(key) });
    expect(response.statusCode).toBe(422);
  });

  it.each([
    ['/v1/runs?limit=1&limit=2', 'limit', 'Is given more than once.'],
    ['/v1/runs?q=a&q=b', 'q', 'Is given more than once.'],
    ['/v1/runs?status=odd', 'status', expect.stringMatching(/^Is "odd"; it may be "queued", .* or "/)],
    ['/v1/runs?status=running&status=odd', 'status/1', expect.stringMatching(/^Is "odd"; it may be/)],
    ['/v1/runs?limit=0', 'limit', 'Must be a whole number from 1.'],
    ['/v1/runs?limit=201', 'limit', 'Must be at most 200.'],
    ['/v1/runs?limit=1000', 'limit', 'Must be at most 200.'],
    ['/v1/runs?label=none', 'label', 'Must be key:value.'],
  ])('is told what it may be: %s', async (url, path, message: string) => {
    const response = await api.app.inject({ url, headers: bearer(key) });
    expect(response.json<Problem>().errors).toEqual([
      { path: `/${path}`, code: 'validation_failed', message },
    ]);
  });

  it('is told where a field belongs that stands one level too high', async () => {
    const { problem } = await send({ plan: smallPlan, labels: { a: 'b' }, limits: {}, colour: 'red' });
    expect(problem).toMatchObject({ status: 422, code: 'unknown_field' });
    expect(problem.errors).toEqual([
      {
        path: '/labels',
        code: 'unknown_field',
        message: 'There is no "labels" here; it belongs under "options".',
      },
      {
        path: '/limits',
        code: 'unknown_field',
        message: 'There is no "limits" here; it belongs under "options".',
      },
      { path: '/colour', code: 'unknown_field', message: 'There is no "colour" here.' },
    ]);
  });

  it('is told the newest version of a plan that has no release', async () => {
    for (const version of ['1.0.0-rc.1', '1.0.0-rc.2'])
      await send({ ...smallPlan, name: 'unreleased', version }, {}, '/v1/plans');
    const refused = await send({ plan: 'unreleased' });
    const message = 'The plan "unreleased" has no release; its newest version is unreleased@1.0.0-rc.2.';
    expect(refused).toMatchObject({
      status: 422,
      problem: { detail: message, errors: [{ path: '/plan', code: 'unknown_plan', message }] },
    });
    const unknown = await send({ plan: 'unreleased@1.0.0' });
    expect(unknown.problem.detail).toBe('There is no plan "unreleased@1.0.0".');
  });

  it('is told how a time is written that was given as a number', async () => {
    const options = { limits: { timeout: 30 } };
    const inOptions = await send({ plan: smallPlan, options });
    expect(inOptions.problem.errors).toMatchObject([
      {
        path: '/options/limits/timeout',
        message: 'Is a number without a unit; write a text, such as "30s".',
      },
    ]);
    const inPlan = await send({ plan: { ...smallPlan, limits: { timeout: 30 } } });
    expect(inPlan.problem.errors).toMatchObject([
      {
        path: '/plan/limits/timeout',
        message: '30 is a number without a unit; write a text, such as "30s".',
      },
    ]);
  });

  it('is told the smallest amount of money', async () => {
    const { problem } = await send({ plan: smallPlan, options: { limits: { costUsd: 1e-12 } } });
    expect(problem.errors).toMatchObject([
      { path: '/options/limits/costUsd', message: expect.stringContaining('>=1e-9') as string },
    ]);
  });

  it('says which name holds NUL', async () => {
    for (const url of ['/v1/runs/%00', '/v1/runs?q=%00', '/v1/plans/a%00b'])
      expect((await api.app.inject({ url, headers: bearer(key) })).json()).toMatchObject({
        status: 400,
        code: 'invalid_unicode',
      });
  });

  it('is no fault of ours, whatever stands in the path', async () => {
    for (const url of [
      '/v1/runs/%zz',
      '/v1/runs/..%2f..%2fetc',
      `/v1/runs/${'x'.repeat(5000)}`,
      '/v1/runs/%ed%a0%80',
    ])
      expect((await api.app.inject({ url, headers: bearer(key) })).statusCode).toBeLessThan(500);
  });
});
