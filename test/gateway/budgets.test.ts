import type { CallState } from '../../src/contract/gateway';
import { ensureBudget, readBudgets } from '../../src/ledger/budgets';
import { testDatabase, type TestDatabase } from '../support/database';
import { startSimulator, type TestSimulator } from '../support/simulator';
import {
  eventsOf,
  makeCall,
  makeRun,
  runBudget,
  startGateway,
  until,
  type TestCall,
  type TestGateway,
} from './support/gateway';
import { message, startOddVendor, stream, type OddVendor } from './support/odd-vendor';
import { anthropic } from '../../src/gateway/vendors/anthropic';

// Budgets under calls that run at the same time. The vendor of most tests uses up every token that a
// call may cost, so that a reservation too many would show as money spent.

let ledger: TestDatabase;
let odd: OddVendor;
let gateway: TestGateway;

/** What one call may cost at most: claude-sonnet-5-5 at 2,500 nano for a token written to a cache, 10,000 for output. */
function worstOf({ request: { request, model } }: TestCall): { nano: number; tokens: number; input: number } {
  const { system, messages, schema, temperature, maxOutputTokens } = request;
  const asked = { model, system, messages, schema, temperature, maxOutputTokens };
  const input = anthropic({ apiKey: 'x', baseUrl: odd.url }).bound(asked);
  return { nano: input * 2500 + maxOutputTokens * 10_000, tokens: input + maxOutputTokens, input };
}

beforeAll(async () => {
  ledger = await testDatabase();
  odd = await startOddVendor();
  gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url });
});

afterAll(async () => {
  await gateway.drain();
  await odd.close();
  await ledger.close();
});

beforeEach(() => {
  odd.answer = (response, { body }) => {
    const input = JSON.stringify(body).length - ',"stream":true'.length;
    const cap = body['max_tokens'] as number;
    setTimeout(() => {
      stream(response, greedy(input, cap));
    }, 30);
  };
});

/** An answer that cost as much as it could: all input written to a cache, the whole cap used. */
function greedy(input: number, cap: number): ReturnType<typeof message> {
  const [first, ...rest] = message({ text: 'Full.', stop: 'max_tokens', output: cap });
  const usage = { input_tokens: 0, cache_creation_input_tokens: input, output_tokens: 1 };
  return [{ type: 'message_start', message: { id: 'msg', model: 'odd-model', usage } }, ...rest].map(
    (event, place) => (place === 0 ? { ...first, ...event } : event),
  );
}

test('makes exactly the five calls that there is room for, of twenty at once', async () => {
  const one = worstOf(makeCall('run-00000000-0000-0000-0000-000000000000', 'step-00'));
  const run = await makeRun(ledger.database, { limitNano: one.nano * 5 });
  const calls = Array.from({ length: 20 }, (_, n) => makeCall(run, `step-${String(n).padStart(2, '0')}`));
  const before = odd.calls();
  const states = await Promise.all(calls.map((call) => gateway.complete(call)));
  expect(odd.calls() - before).toBe(5);
  const done = states.filter((state) => state.state === 'done');
  expect(done.length).toBe(5);
  expect(states.filter((state) => state.state === 'over_budget').length).toBe(15);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_nano: one.nano * 5,
    reserved_nano: 0,
    used_calls: 5,
    reserved_calls: 0,
    reserved_tokens: 0,
  });
});

test('says in figures why a call was not made, and makes it once there is room', async () => {
  const run = await makeRun(ledger.database, { limitNano: 1_200_000 });
  const call = makeCall(run, 'draft');
  const refused = await gateway.complete(call);
  if (refused.state !== 'over_budget') throw new Error(JSON.stringify(refused));
  expect(refused.budget).toBe('run');
  expect(refused.reason).toMatch(
    /may cost up to 0\.00\d+ USD and the run's budget has 0\.0012 USD left of 0\.0012 USD\./,
  );
  expect(await gateway.complete(call)).toEqual(refused);
  await ledger.database.query('UPDATE budgets SET limit_nano = 1000000000 WHERE run = $1', [run]);
  expect(await gateway.complete(call)).toMatchObject({ state: 'done' });
});

test('counts every request against the limit of model calls', async () => {
  const run = await makeRun(ledger.database, { limitCalls: 2 });
  const before = odd.calls();
  const states = await Promise.all(['a', 'b', 'c', 'd'].map((step) => gateway.complete(makeCall(run, step))));
  expect(states.filter((state) => state.state === 'done').length).toBe(2);
  expect(odd.calls() - before).toBe(2);
  const refused = states.find((state) => state.state === 'over_budget');
  expect(refused).toMatchObject({
    reason: expect.stringContaining('allows 2 model calls and 2 are spent') as string,
  });
});

test('keeps a call in line until another has settled, and then makes it whole', async () => {
  const one = worstOf(makeCall('run-00000000-0000-0000-0000-000000000000', 'a'));
  const run = await makeRun(ledger.database, { limitNano: Math.floor(one.nano * 1.5) });
  let release: (() => void) | undefined;
  odd.answer = (response) => {
    if (release === undefined) {
      release = () => {
        stream(response, message({ text: 'Cheap.', input: 1, output: 1 }));
      };
    } else stream(response, message({ text: 'Second.', input: 1, output: 1 }));
  };
  const first = gateway.complete(makeCall(run, 'a'));
  await until('the first is at the vendor', () => release !== undefined);
  const waiting = makeCall(run, 'b');
  const { hash } = await gateway.put(waiting);
  await until('the second is in line', async () => {
    const { call } = await gateway.put(waiting);
    return call.state === 'pending' && call.phase === 'in_line';
  });
  release?.();
  expect(await first).toMatchObject({ state: 'done' });
  expect(await gateway.settle(waiting, hash)).toMatchObject({
    state: 'done',
    text: 'Second.',
    capLowered: null,
  });
});

test('lowers the output cap to what fits, never below the least that is wanted', async () => {
  const call = (run: string, min: number): TestCall =>
    makeCall(run, 'draft', { request: { maxOutputTokens: 100, minOutputTokens: min } });
  const { nano, input } = worstOf(call('run-00000000-0000-0000-0000-000000000000', 40));
  const limitNano = nano - 60 * 10_000 + 9_999;
  const lowered = await makeRun(ledger.database, { limitNano });
  expect(await gateway.complete(call(lowered, 40))).toMatchObject({ state: 'done', capLowered: 40 });
  expect(odd.bodies.at(-1)).toMatchObject({ max_tokens: 40 });
  expect(await runBudget(ledger.database, lowered)).toMatchObject({
    // The body that says 40 is a byte shorter than the one that said 100, by which it was reckoned.
    used_nano: (input - 1) * 2500 + 40 * 10_000,
  });
  const refused = await makeRun(ledger.database, { limitNano });
  expect(await gateway.complete(call(refused, 41))).toMatchObject({ state: 'over_budget' });
});

test('holds a call to every budget that it names', async () => {
  const run = await makeRun(ledger.database);
  const budget = {
    tenant: 'default',
    run,
    id: 'step:research',
    limitNano: 1e9,
    limitTokens: 150,
    limitCalls: null,
  };
  await ensureBudget(ledger.database, budget);
  const inside = makeCall(run, 'research.a', { budgets: ['run', 'step:research'] });
  expect(await gateway.complete(inside)).toMatchObject({ state: 'over_budget', budget: 'step:research' });
  expect(await gateway.complete(makeCall(run, 'outside'))).toMatchObject({ state: 'done' });
  await ledger.database.query(`UPDATE budgets SET limit_tokens = NULL WHERE run = $1`, [run]);
  expect(await gateway.complete(inside)).toMatchObject({ state: 'done' });
  const [all, step] = await readBudgets(ledger.database, 'default', run);
  expect(all?.used_calls).toBe(2);
  expect(step?.used_calls).toBe(1);
});

test('says once that a budget is nearly used up', async () => {
  const one = worstOf(makeCall('run-00000000-0000-0000-0000-000000000000', 'a'));
  const run = await makeRun(ledger.database, { limitNano: one.nano * 4 });
  for (const step of ['a', 'b', 'c', 'd']) await gateway.complete(makeCall(run, step));
  const low = (await eventsOf(ledger.database, run)).filter(({ type }) => type === 'budget.low');
  expect(low.map(({ data }) => data)).toEqual([
    { budget: 'run', measure: 'costUsd', used: (one.nano * 4) / 1e9, limit: (one.nano * 4) / 1e9 },
  ]);
});

test('makes no call of a run that is being cancelled', async () => {
  const run = await makeRun(ledger.database);
  await ledger.database.query('UPDATE runs SET cancel_requested = true WHERE id = $1', [run]);
  const before = odd.calls();
  expect(await gateway.complete(makeCall(run, 'a'))).toEqual({ state: 'cancelled' });
  expect(odd.calls()).toBe(before);
  expect(await runBudget(ledger.database, run)).toMatchObject({ reserved_nano: 0, reserved_calls: 0 });
});

test('lets the vendor count where the bound alone does not fit', async () => {
  const simulator: TestSimulator = await startSimulator();
  const counting = await startGateway({ databaseUrl: ledger.url, vendorUrl: simulator.url });
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft', { request: { system: 'word '.repeat(500) } });
  await ledger.database.query('UPDATE budgets SET limit_tokens = 1500 WHERE run = $1', [run]);
  expect(worstOf(call).tokens).toBeGreaterThan(2500);
  const state = await counting.complete(call);
  expect(state).toEqual(expect.objectContaining({ state: 'done', capLowered: null }));
  expect(await simulator.totals()).toMatchObject({ calls: 1, counts: 1 });
  await counting.drain();
  await simulator.close();
});

test('makes exactly the five calls that fit by the vendor’s count, of twenty at once at two gateways', async () => {
  const simulator: TestSimulator = await startSimulator({ latencyMs: 30 });
  const counting = [
    await startGateway({ databaseUrl: ledger.url, vendorUrl: simulator.url }),
    await startGateway({ databaseUrl: ledger.url, vendorUrl: simulator.url }),
  ];
  await simulator.script({ times: 100, then: { type: 'answer', useWholeCap: true } });
  const step = (n: number): string => `step-${String(n).padStart(2, '0')}`;
  const input = await countedBy(simulator, makeCall('run', step(0)));
  const one = { nano: input * 2500 + 100 * 10_000, tokens: input + 100 };
  const run = await makeRun(ledger.database, { limitNano: one.nano * 5, limitTokens: one.tokens * 5 });
  const states = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (counting[n % 2] as TestGateway).complete(makeCall(run, step(n)))),
  );
  expect((await simulator.totals()).calls).toBe(5);
  for (const state of states.filter(({ state }) => state === 'done'))
    expect(state).toMatchObject({ stop: 'length', capLowered: null });
  expect(states.filter(({ state }) => state === 'over_budget')).toHaveLength(15);
  await Promise.all(counting.map((each) => each.drain()));
  await simulator.close();
});

/** Tokens of a call's input as it is reckoned: the vendor's count and 5 %. */
async function countedBy(
  simulator: TestSimulator,
  { request: { request, model } }: TestCall,
): Promise<number> {
  const { system, messages, schema, temperature, maxOutputTokens } = request;
  const asked = { model, system, messages, schema, temperature, maxOutputTokens };
  const vendor = anthropic({ apiKey: 'x', baseUrl: simulator.url });
  const tokens = await vendor.count(asked, AbortSignal.timeout(5_000));
  return Math.ceil((tokens ?? 0) * 1.05);
}

test('holds calls to nested budgets at once, each to its own measure', async () => {
  const one = worstOf(makeCall('run-00000000-0000-0000-0000-000000000000', 'outer.a-0'));
  const run = await makeRun(ledger.database, { limitNano: one.nano * 6 });
  const limit = (id: string, rest: object) =>
    ensureBudget(ledger.database, {
      ...{ tenant: 'default', run, id, limitNano: 1e12, limitTokens: null, limitCalls: null },
      ...rest,
    });
  await limit('step:outer', { limitCalls: 4 });
  await limit('step:outer.a', { limitTokens: one.tokens * 2 });
  const inA = (n: number) =>
    makeCall(run, `outer.a-${String(n)}`, { budgets: ['run', 'step:outer', 'step:outer.a'] });
  const inB = (n: number) => makeCall(run, `outer.b-${String(n)}`, { budgets: ['run', 'step:outer'] });
  const outside = (n: number) => makeCall(run, `other-${String(n)}x`);
  const all = (make: (n: number) => TestCall) =>
    Promise.all([0, 1, 2, 3].map((n) => gateway.complete(make(n))));
  const ended = (states: CallState[]) =>
    states.map((state) => (state.state === 'over_budget' ? state.budget : state.state)).sort();
  expect(ended(await all(inA))).toEqual(['done', 'done', 'step:outer.a', 'step:outer.a']);
  expect(ended(await all(inB))).toEqual(['done', 'done', 'step:outer', 'step:outer']);
  expect(ended(await all(outside))).toEqual(['done', 'done', 'run', 'run']);
  const rows = await readBudgets(ledger.database, 'default', run);
  expect(rows.map(({ id, used_calls: used, reserved_calls: held }) => [id, used, held])).toEqual([
    ['run', 6, 0],
    ['step:outer', 4, 0],
    ['step:outer.a', 2, 0],
  ]);
});
