import { randomUUID } from 'node:crypto';
import type { Run, RunListItem, Step, StepDetail } from '../../src/contract/api';
import type { Json, Value } from '../../src/contract/value';
import { bearer, smallPlan, testApi, type TestApi } from './api';
import { ledgerRows } from './ledger-rows';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

async function get<Body>(url: string): Promise<Body> {
  return (await api.app.inject({ url, headers: bearer(key) })).json<Body>();
}
async function newRun(payload: object = {}) {
  const response = await api.app.inject({
    method: 'POST',
    url: '/v1/runs',
    headers: bearer(key),
    payload: { plan: smallPlan, ...payload },
  });
  const { id } = response.json<{ id: string }>();
  return { id, ...ledgerRows(api.ledger.database, id) };
}

test('reads what the steps of a run have made in one statement', async () => {
  const { database } = api.ledger;
  const run = await newRun();
  // Stored by another process, as it were, so that nothing of it is at hand.
  const stored = async (json: Json): Promise<Value> => {
    const [ref, body] = [randomUUID(), Buffer.from(JSON.stringify(json))];
    await database.query(
      `INSERT INTO contents (tenant, hash, format, body, bytes) VALUES ('default', $1, 1, $2, $3)`,
      [ref, body, body.length],
    );
    return { ref, bytes: body.length, tokens: 1, preview: '' };
  };
  const shared = await stored({ list: ['a', 'b'], '': null });
  await run.step('root', { type: 'sequence', output: { parts: { all: shared, own: await stored('own') } } });
  for (const n of [0, 1, 2]) await run.step(String(n), { output: await stored(`output ${String(n)}`) });
  await run.step('3', { output: { ...shared, pick: ['list', 1] } });
  await run.step('4', { output: { ...shared, pick: ['none'] } });

  const query = jest.spyOn(database, 'query');
  const read = async () => (await get<{ items: Step[] }>(`/v1/runs/${run.id}/steps`)).items[0];
  const reads = () => query.mock.calls.filter(([text]) => text.includes('FROM contents')).length;
  const root = await read();
  expect(root?.output).toEqual({ all: { list: ['a', 'b'], '': null }, own: 'own' });
  expect(root?.children.map(({ output }) => output)).toEqual(['output 0', 'output 1', 'output 2', 'b', null]);
  expect(reads()).toBe(1);
  expect(await read()).toEqual(root);
  expect(reads()).toBe(1);
  query.mockRestore();
});

describe('what a run used', () => {
  it('adds up exactly: for the run, for every step, and for the steps around it', async () => {
    const run = await newRun();
    const costs = {
      'research.market': 100_000_001,
      'research.tech': 200_000_002,
      'gate.reviewer.1': 3,
      'gate.reviewer.2': 4,
      final: 7,
    };
    await run.step('root', { type: 'sequence', status: 'running' });
    await run.step('research', { type: 'parallel' });
    await run.step('research.market');
    await run.step('research.tech');
    await run.step('gate', { type: 'review', status: 'running' });
    await run.step('gate.revise.1', { status: 'running' });
    for (const [path, costNano] of Object.entries(costs)) await run.call(path, { costNano, attempts: 2 });
    const { usage, current } = await get<Run>(`/v1/runs/${run.id}`);
    expect(usage).toEqual({
      modelCalls: 10,
      inputTokens: 50,
      outputTokens: 25,
      cachedTokens: 0,
      costUsd: 0.300000017,
    });
    expect(current).toEqual(['gate.revise.1']);

    const [root] = (await get<{ items: Step[] }>(`/v1/runs/${run.id}/steps`)).items;
    const flat = (step: Step): [string, number, number][] => [
      [step.path, step.usage.costUsd, step.attempts],
      ...step.children.flatMap(flat),
    ];
    expect(root === undefined ? [] : flat(root)).toEqual([
      ['root', 0.300000017, 10],
      ['research', 0.300000003, 4],
      ['research.market', 0.100000001, 2],
      ['research.tech', 0.200000002, 2],
      ['gate', 0.000000007, 4],
      ['gate.revise.1', 0, 0],
    ]);
  });

  it('shows with a step what was asked and answered, call by call', async () => {
    const run = await newRun();
    await run.step('gate', { type: 'review', output: { inline: { text: 'x' } } });
    await run.call('gate.reviewer.1', { answer: 'No.', attempts: 1 });
    await run.call('gate.reviewer.2', { answer: 'Yes.', costNano: 5 });
    const step = await get<StepDetail>(`/v1/runs/${run.id}/steps/gate`);
    expect(step).toMatchObject({
      path: 'gate',
      output: { text: 'x' },
      model: 'claude-sonnet-5-5',
      usage: { costUsd: 5e-9 },
    });
    expect(step.calls.map(({ n, answer }) => [n, answer])).toEqual([
      [1, 'No.'],
      [2, 'Yes.'],
    ]);
    expect(step.calls[0]).toMatchObject({
      kind: 'model',
      status: 'done',
      prompt: { system: 'You write.', messages: [{ role: 'user', text: 'Write.' }] },
      stopReason: 'end',
      attempts: [{ ms: 3, requestId: 'req_1' }],
      ambiguous: 0,
    });
    expect(await get(`/v1/runs/${run.id}/steps/nothing`)).toMatchObject({ status: 404 });
  });
});

describe('the result of a run', () => {
  it('comes with its end, with every decision in it', async () => {
    const run = await newRun();
    expect((await get<Run>(`/v1/runs/${run.id}`)).result).toBeNull();
    await run.events(
      {
        type: 'decision.made',
        step: 'gate',
        data: {
          kind: 'reviewer',
          agent: 'reviewer',
          by: null,
          stateVersion: 2,
          decision: { inline: { approved: true } },
        },
      },
      { type: 'run.finished' },
    );
    await api.ledger.database.query(
      `UPDATE runs SET output_json = '{"inline":"text"}', incomplete_json = '[{"step":"a","code":"truncated","reason":"cut"}]' WHERE id = $1`,
      [run.id],
    );
    expect((await get<Run>(`/v1/runs/${run.id}`)).result).toMatchObject({
      output: 'text',
      incomplete: [{ step: 'a', code: 'truncated', reason: 'cut' }],
      decisions: [
        {
          step: 'gate',
          kind: 'reviewer',
          agent: 'reviewer',
          by: null,
          stateVersion: 2,
          decision: { approved: true },
        },
      ],
      error: null,
    });
  });
});

describe('the list of runs', () => {
  async function ids(query: string): Promise<string[]> {
    return (await get<{ items: RunListItem[] }>(`/v1/runs?${query}`)).items.map(({ id }) => id);
  }

  it('is newest first, page by page, and leaves input and result out', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.unshift((await newRun({ options: { labels: { list: 'pages' } } })).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: RunListItem[]; nextCursor: string | null } = await get(
        `/v1/runs?label=list:pages&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.items.length).toBeLessThanOrEqual(2);
      for (const item of page.items) expect(item).not.toHaveProperty('input');
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(made);
  });

  it('is narrowed by status, plan, label, time and words', async () => {
    const a = await newRun({
      input: 'Heat Pumps and 100% wool',
      options: { labels: { team: 'a:b', list: 'narrow' } },
    });
    const b = await newRun({
      plan: { ...smallPlan, name: 'other', version: '2.0.0' },
      options: { labels: { list: 'narrow' } },
    });
    await b.events({ type: 'run.finished' });
    const narrow = 'label=list:narrow';
    expect(await ids(narrow)).toEqual([b.id, a.id]);
    expect(await ids(`${narrow}&status=completed`)).toEqual([b.id]);
    expect(await ids(`${narrow}&status=completed&status=queued`)).toEqual([b.id, a.id]);
    expect(await ids(`${narrow}&plan=small`)).toEqual([a.id]);
    expect(await ids(`${narrow}&plan=other@2.0.0`)).toEqual([b.id]);
    expect(await ids(`${narrow}&plan=other@1.0.0`)).toEqual([]);
    expect(await ids(`${narrow}&label=team:a:b`)).toEqual([a.id]);
    expect(await ids('q=pumps%20heat')).toEqual([a.id]);
    expect(await ids('q=100%25')).toEqual([a.id]);
    expect(await ids('q=heat%20nothing')).toEqual([]);
    const { createdAt } = await get<Run>(`/v1/runs/${b.id}`);
    expect(await ids(`${narrow}&from=${createdAt}`)).toEqual([b.id]);
    expect(await ids(`${narrow}&to=${createdAt}`)).toEqual([a.id]);
  });
});
