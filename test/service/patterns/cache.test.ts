import { randomBytes } from 'node:crypto';
import { ensureTenant } from '../../../src/ledger/contents';
import { hashKey, scopes } from '../../../src/ledger/keys';
import { eventually } from '../../support/eventually';
import { testDatabase, type TestDatabase } from '../../support/database';
import type { Run, StepDetail } from '../../../src/contract/api';
import { ask, openHouse, planOf, type House } from '../support/house';

let ledger: TestDatabase;
let house: House;
// Every run goes on as a new Temporal run after each step that ends.
beforeAll(async () => {
  ledger = await testDatabase();
  house = await openHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1', DATABASE_URL: ledger.url } });
}, 120_000);
afterAll(async () => {
  await house.close();
  await ledger.close();
}, 60_000);

const retry = { maxRetries: 0 };
const thrifty = {
  ...{ model: 'claude-haiku', instructions: 'You say it once.', retry },
  cache: { ttl: '1h' },
};
const thriftyAsk = (prompt: string, rest: object = {}) => ask(prompt, { agent: 'thrifty', ...rest });
const planWith = (flow: object, agent: object = {}) =>
  planOf(flow, { agents: { thrifty: { ...thrifty, ...agent } } });
const ended = async (flow: object, agent: object = {}, input: object = {}) =>
  house.ended(await house.start(planWith(flow, agent), input));
const says = (match: string, text: string) => house.vendor.script({ match, then: { type: 'answer', text } });
const callsOf = async (run: Run, path: string) => (await house.step(run.id, path)).calls;
const nothingUsed = {
  usage: { modelCalls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 },
  budget: { costUsd: { used: 0, reserved: 0 }, tokens: { used: 0 }, modelCalls: { used: 0, reserved: 0 } },
};

/** What is stored now is so much older. */
const later = (time: string) =>
  ledger.database.query('UPDATE answers SET made_at = made_at - $1::interval', [time]);

test('what was asked before is answered from the ledger: it costs nothing, and the call says so', async () => {
  await says('Sum it up. c1', 'the sum');
  // It is shown as a block of data, under an id of each run's own.
  const input = { text: 'Of two lines,\nthe second.' };
  const flow = {
    type: 'sequence',
    steps: [{ type: 'set', value: 1 }, thriftyAsk('Sum it up. c1 {{ input.text }}', { id: 'sum' })],
  };
  const first = await ended(flow, {}, input);
  expect(first).toMatchObject({ result: { output: 'the sum' }, usage: { modelCalls: 1 } });
  const second = await ended(flow, {}, input);
  expect(second).toMatchObject({ status: 'completed', result: { output: 'the sum' }, ...nothingUsed });
  expect(await house.asked('c1')).toHaveLength(1);
  expect(await callsOf(first, 'sum')).toMatchObject([{ cache: 'none', attempts: [{ error: null }] }]);
  expect(await callsOf(second, 'sum')).toMatchObject([
    { cache: 'tenant', attempts: [], answer: 'the sum', model: 'claude-haiku-5-5', status: 'done' },
  ]);
}, 60_000);

test('another prompt, model, agent or setting is another call, and without a cache each is made', async () => {
  await ended(thriftyAsk('Say it. c2'));
  await ended(thriftyAsk('Say it. c2 again'));
  await ended(thriftyAsk('Say it. c2'), { model: 'claude-sonnet' });
  await ended(thriftyAsk('Say it. c2'), { instructions: 'You say it twice.' });
  await ended(thriftyAsk('Say it. c2'), { maxOutputTokens: 4000 });
  await ended(thriftyAsk('Say it. c2'), { temperature: 0.5 });
  await ended(thriftyAsk('Say it. c2'), { output: { type: 'string' } });
  expect(await house.asked('c2')).toHaveLength(7);
  const both = { type: 'sequence', steps: [ask('Twice. c2b'), ask('Twice. c2b')] };
  const run = await house.ended(await house.start(planOf(both)));
  expect(run).toMatchObject({ usage: { modelCalls: 2 } });
  expect(await house.asked('c2b')).toHaveLength(2);
}, 60_000);

test('the time to live counts from the answer, however often that was given again', async () => {
  const flow = thriftyAsk('Say it. c3');
  await ended(flow);
  await later('40 minutes');
  expect(await ended(flow)).toMatchObject(nothingUsed);
  // A shorter one holds for whoever names it.
  expect(await ended(flow, { cache: { ttl: '30m' } })).toMatchObject({ usage: { modelCalls: 1 } });
  await later('40 minutes');
  expect(await ended(flow)).toMatchObject(nothingUsed);
  await later('40 minutes');
  expect(await ended(flow)).toMatchObject({ usage: { modelCalls: 1 } });
  expect(await house.asked('c3')).toHaveLength(3);
}, 60_000);

test('tenants never share answers', async () => {
  const plan = planWith(thriftyAsk('Say it. c4'));
  await says('Say it. c4', 'a secret');
  await house.ended(await house.start(plan));
  const secret = `key-${randomBytes(16).toString('hex')}`;
  await ensureTenant(ledger.database, 'other', 'other');
  await ledger.database.query(
    `INSERT INTO api_keys (tenant, id, name, user_name, roles, scopes, secret_hash)
     VALUES ('other', 'k', 'test', 'eve', '{}', $1, $2)`,
    [[...scopes], hashKey(secret)],
  );
  const asEve = async <Body>(method: string, path: string, body?: unknown) =>
    (await house.service.request(method, path, body, { authorization: `Bearer ${secret}` })).body as Body;
  await says('Say it. c4', 'for Eve');
  const { id } = await asEve<Run>('POST', '/v1/runs', { plan });
  const run = await eventually('the run of the other tenant ends', async () => {
    const now = await asEve<Run>('GET', `/v1/runs/${id}`);
    return now.finishedAt === null ? undefined : now;
  });
  expect(run).toMatchObject({ result: { output: 'for Eve' }, usage: { modelCalls: 1 } });
  const { calls } = await asEve<StepDetail>('GET', `/v1/runs/${id}/steps/root`);
  expect(calls).toMatchObject([{ cache: 'none' }]);
}, 60_000);

test('a failure is not stored, and what was made before it need not be paid again', async () => {
  const flow = { type: 'sequence', steps: [thriftyAsk('First. c5'), thriftyAsk('Second. c5')] };
  await house.vendor.script({ match: 'Second. c5', then: { type: 'error', status: 400 } });
  expect(await ended(flow)).toMatchObject({ status: 'failed', usage: { modelCalls: 2 } });
  expect(await ended(flow)).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } });
  expect(await ended(flow)).toMatchObject({ status: 'completed', ...nothingUsed });
}, 60_000);

test('an answer that was mended stands whole under what was asked first', async () => {
  const output = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
  await house.vendor.script({ match: 'Count. c6', then: { type: 'wrong_schema' } });
  await house.vendor.script({ match: 'Count. c6', then: { type: 'answer', json: { n: 6 } } });
  const mended = await ended(thriftyAsk('Count. c6'), { output });
  expect(mended).toMatchObject({ result: { output: { n: 6 } }, usage: { modelCalls: 2 } });
  expect(await ended(thriftyAsk('Count. c6'), { output })).toMatchObject({
    ...{ result: { output: { n: 6 } } },
    ...nothingUsed,
  });
  await house.vendor.script({ match: 'Tell. c6', then: { type: 'cut', tokens: 10 } });
  await house.vendor.script({ match: 'Tell. c6', then: { type: 'answer', text: ' and so on.' } });
  const whole = await ended(thriftyAsk('Tell. c6'));
  expect(whole).toMatchObject({ usage: { modelCalls: 2 } });
  const again = await ended(thriftyAsk('Tell. c6'));
  expect(again).toMatchObject({ result: { output: whole.result?.output, incomplete: [] }, ...nothingUsed });
  // What stays cut off is not kept.
  await house.vendor.script({ match: 'Cut. c6', times: 4, then: { type: 'cut', tokens: 10 } });
  const cut = { ...thrifty, maxContinuations: 1 };
  const partial = { status: 'partial', usage: { modelCalls: 2 } };
  expect(await ended(thriftyAsk('Cut. c6'), cut)).toMatchObject(partial);
  expect(await ended(thriftyAsk('Cut. c6'), cut)).toMatchObject(partial);
}, 60_000);

test('an answer that people must see is shown to them each time', async () => {
  const flow = thriftyAsk('Risky. c7', { risk: 'high' });
  await says('Risky. c7', 'the risky answer');
  for (const decision of ['approve', 'reject']) {
    const id = await house.start(planWith(flow));
    const { approval } = await house.waiting(id);
    expect(approval).toMatchObject({ content: 'the risky answer' });
    await house.decide(approval.id, { decision });
    const status = decision === 'approve' ? 'completed' : 'rejected';
    expect(await house.ended(id)).toMatchObject({ status });
  }
  expect(await house.asked('c7')).toHaveLength(1);
}, 60_000);

test('decisions of patterns are given again too, and a budget that holds no call holds a stored answer', async () => {
  const decision = { route: 'there', confidence: 1, reason: 'the only one' };
  await house.vendor.script({ match: 'Which? c8', then: { type: 'answer', json: decision } });
  const routes = { there: { step: { type: 'set', value: 'taken' } } };
  const flow = { type: 'router', classifier: 'thrifty', prompt: 'Which? c8', routes };
  expect(await ended(flow)).toMatchObject({ result: { output: 'taken' }, usage: { modelCalls: 1 } });
  const bounds = { limits: { costUsd: 0.000001 } };
  expect(await ended({ ...flow, ...bounds })).toMatchObject({
    status: 'completed',
    result: { output: 'taken' },
    ...nothingUsed,
  });
}, 60_000);

const fails = (match: string, times = 1) =>
  house.vendor.script({ match, times, then: { type: 'error', status: 400 } });
const stalely = (prompt: string, rest: object = {}) =>
  ask(prompt, { agent: 'thrifty', onFailure: { cached: '1h' }, ...rest });
/** Every call is made; what is answered is kept for steps that fail. */
const uncached = { cache: undefined };
const madeAt = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]{12}Z';
const stale = (step: string, code: string) => ({
  ...{ step, code: 'stale' },
  reason: expect.stringMatching(new RegExp(`^The answer of ${madeAt}, for ${code}: .`)) as string,
});

test('where a step fails its last answer stands for it, marked as stale and no older than it may be', async () => {
  await says('Report. d1', 'the old report');
  const flow = {
    type: 'sequence',
    steps: [stalely('Report. d1', { id: 'report' }), { type: 'set', value: 'then {{ previous }}' }],
  };
  const first = await ended(flow, uncached);
  expect(first).toMatchObject({ status: 'completed', result: { incomplete: [] } });
  await fails('Report. d1', 3);
  const second = await ended(flow, uncached);
  expect(second).toMatchObject({
    status: 'partial',
    usage: { modelCalls: 1, costUsd: 0 },
    result: { output: 'then the old report', incomplete: [stale('report', 'vendor_error')] },
  });
  expect(await house.step(second.id, 'report')).toMatchObject({
    ...{ status: 'incomplete', output: 'the old report', calls: [{ status: 'failed', cache: 'none' }] },
  });
  // To another prompt there was no answer: the failure stays what it is.
  const other = { ...flow, steps: [stalely('Report. d1 else')] };
  expect(await ended(other, uncached)).toMatchObject({
    ...{ status: 'failed', result: { error: { code: 'vendor_error', step: 'steps.0' } } },
  });
  await later('2 hours');
  expect(await ended(flow, uncached)).toMatchObject({
    ...{ status: 'failed', result: { error: { code: 'vendor_error', step: 'report' } } },
  });
  await says('Report. d1', 'the new report');
  expect(await ended(flow, uncached)).toMatchObject({ result: { output: 'then the new report' } });
}, 60_000);

test('an old answer of any of the models stands for all, also after a timeout and in a child workflow', async () => {
  const models = { ...uncached, model: ['claude-sonnet', 'claude-haiku'] };
  await fails('Look. d2');
  await says('Look. d2', 'seen by haiku');
  const isolated = stalely('Look. d2', { isolate: true });
  expect(await ended(isolated, models)).toMatchObject({ result: { output: 'seen by haiku' } });
  await fails('Look. d2', 2);
  const output = 'seen by haiku';
  expect(await ended(isolated, models)).toMatchObject({
    result: { output, incomplete: [stale('root', 'vendor_error')] },
  });
  await house.vendor.script({ match: 'Look. d2', then: { type: 'hang' } });
  expect(await ended(stalely('Look. d2', { timeout: '1s' }), models)).toMatchObject({
    result: { output, incomplete: [stale('root', 'step_timeout')] },
  });
}, 60_000);

test('a stale answer goes past people as any other, while the run goes on in the middle', async () => {
  await says('Pay. d3', 'pay 3 to Eve');
  const held = stalely('Pay. d3', { risk: '{{ input.risk }}' });
  await ended(held, uncached, { risk: 'low' });
  await fails('Pay. d3');
  const rest = { type: 'sequence', steps: Array.from({ length: 6 }, () => ({ type: 'set', value: 1 })) };
  const flow = { type: 'parallel', branches: { held, rest } };
  const id = await house.start(planWith(flow, uncached), { risk: 'high' });
  const { approval } = await house.waiting(id);
  expect(approval).toMatchObject({ content: 'pay 3 to Eve', step: 'held', risk: 'high' });
  await eventually('the other branch ends', async () => {
    const [root] = await house.steps(id);
    return root?.children.find(({ path }) => path === 'rest')?.status === 'completed' ? true : undefined;
  });
  await house.decide(approval.id, { decision: 'edit', content: 'pay 2 to Eve' });
  const run = await house.ended(id);
  expect(run).toMatchObject({
    ...{ status: 'partial', usage: { modelCalls: 1 } },
    result: { output: { held: 'pay 2 to Eve' }, incomplete: [stale('held', 'vendor_error')] },
  });
  expect((await house.step(id, 'held')).calls).toHaveLength(1);
}, 60_000);

test('a stale answer is in the document that agents share', async () => {
  const steps = ['One. d4', 'Two. d4'].map((prompt) => stalely(prompt, { context: 'workspace' }));
  await says('One. d4', 'the first section');
  await ended({ type: 'sequence', steps }, uncached);
  await fails('One. d4');
  await ended({ type: 'sequence', steps }, uncached);
  const asked = await house.asked('Two. d4');
  expect(asked).toHaveLength(2);
  for (const prompt of asked) expect(prompt).toContain('the first section');
}, 60_000);
