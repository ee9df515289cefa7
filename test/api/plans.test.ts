import type { PlanValidation, StoredPlan } from '../../src/contract/plans-api';
import type { Problem } from '../../src/contract/problems';
import { bearer, smallPlan, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

function post(url: string, payload: object | string, type = 'application/json') {
  return api.app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(key), 'content-type': type },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
}
const get = (url: string) => api.app.inject({ url, headers: bearer(key) });

const yaml = `name: from-yaml
version: 1.0.0
description: Says something.   # a remark
agents:
  writer: { model: claude-sonnet, instructions: You write. }
flow:
  type: agent
  agent: writer
  prompt: "Write about {{ input.topic }}."
`;

describe('POST /v1/plans', () => {
  it('stores a version once: 201, the same again 200, other content 409', async () => {
    const plan = { ...smallPlan, name: 'once' };
    const first = await post('/v1/plans', plan);
    expect(first.statusCode).toBe(201);
    expect(first.json<StoredPlan>()).toMatchObject({ name: 'once', version: '1.0.0', storedBy: 'ada', plan });
    expect(
      (await post('/v1/plans', { flow: plan.flow, version: plan.version, name: plan.name })).statusCode,
    ).toBe(200);
    const other = await post('/v1/plans', { ...plan, description: 'other' });
    expect(other.json()).toMatchObject({ status: 409, code: 'version_conflict' });
    const twenty = await Promise.all(
      Array.from({ length: 20 }, () => post('/v1/plans', { ...plan, version: '1.1.0' })),
    );
    expect(twenty.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1);
    expect(twenty.filter(({ statusCode }) => statusCode === 200)).toHaveLength(19);
  });

  it('reads YAML, and keeps the text as it was sent', async () => {
    const response = await post('/v1/plans', yaml, 'application/yaml');
    expect(response.statusCode).toBe(201);
    const stored = (await get('/v1/plans/from-yaml/versions/1.0.0')).json<StoredPlan>();
    expect(stored.source).toBe(yaml);
    expect(stored.plan).toMatchObject({ name: 'from-yaml', flow: { type: 'agent' } });
  });

  it('says by line and column what is wrong in YAML', async () => {
    const response = await post(
      '/v1/plans',
      yaml.replace('agent: writer', 'agent: nobody'),
      'application/yaml',
    );
    expect(response.statusCode).toBe(422);
    expect(response.json<Problem>().errors).toEqual([
      expect.objectContaining({ path: '/flow/agent', code: 'unknown_agent', line: 8, column: 10 }),
    ]);
    const broken = await post('/v1/plans', 'name: [unclosed', 'application/yaml');
    expect(broken.json()).toMatchObject({ status: 400, code: 'malformed_yaml', errors: [{ line: 1 }] });
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'.replace(/./g, (c, n: number) => `${c}: &${c} [${`*${'abcdefghij'[n] ?? ''},`.repeat(9)}]\n`)}`;
    expect((await post('/v1/plans', bomb, 'application/yaml')).statusCode).toBe(400);
  });

  it('is found by name, newest first, with the version that the bare name runs', async () => {
    for (const version of ['1.9.0', '1.10.0', '1.2.0', '2.0.0-rc.1'])
      await post('/v1/plans', { ...smallPlan, name: 'many', version, description: version });
    const found = (await get('/v1/plans/many')).json<{ live: string; versions: { version: string }[] }>();
    expect(found.live).toBe('1.10.0');
    expect(found.versions.map(({ version }) => version)).toEqual(['2.0.0-rc.1', '1.2.0', '1.10.0', '1.9.0']);
    const list = (await get('/v1/plans')).json<{ items: { name: string }[] }>();
    expect(list.items).toContainEqual(
      expect.objectContaining({ name: 'many', live: '1.10.0', versions: 4, description: '2.0.0-rc.1' }),
    );
    expect((await get('/v1/plans/many/versions/9.9.9')).statusCode).toBe(404);
    expect((await get('/v1/plans/many/versions/live')).statusCode).toBe(404);
  });

  it('lists page by page', async () => {
    const first = (await get('/v1/plans?limit=1')).json<{ items: { name: string }[]; nextCursor: string }>();
    const second = (await get(`/v1/plans?limit=1&cursor=${first.nextCursor}`)).json<typeof first>();
    expect(String(second.items[0]?.name) > String(first.items[0]?.name)).toBe(true);
  });
});

describe('POST /v1/plans/validate', () => {
  it('says everything about a plan and stores nothing', async () => {
    const good = (
      await post('/v1/plans/validate', { ...writerPlan, name: 'only-asked' })
    ).json<PlanValidation>();
    expect(good).toMatchObject({ valid: true, errors: [] });
    expect(good.graph.nodes.map(({ path }) => path)).toEqual(['root', 'draft', 'sign-off']);
    const bad = await post('/v1/plans/validate', { ...writerPlan, colour: 1, agents: {} });
    expect(bad.statusCode).toBe(200);
    const { valid, errors } = bad.json<PlanValidation>();
    expect(valid).toBe(false);
    expect(errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/colour', '/flow/steps/0/agent']),
    );
    expect((await get('/v1/plans/only-asked')).statusCode).toBe(404);
  });
});

describe('GET /v1/models', () => {
  it('lists aliases and models with prices for a million tokens, and whether they can be called', async () => {
    const { items } = (await get('/v1/models')).json<{ items: { name: string }[] }>();
    const sonnet = items.find(({ name }) => name === 'claude-sonnet');
    expect(sonnet).toMatchObject({ vendor: 'anthropic', usable: true, simulated: true });
    expect(sonnet).toHaveProperty('price.inputUsd');
  });
});
