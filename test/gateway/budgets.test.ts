import fc from 'fast-check';
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

test('keeps used and reserved within the limit at every moment, whatever is asked in whatever order', async () => {
  const other = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url });
  const plan = fc.record({
    room: fc.integer({ min: 1, max: 4 }),
    calls: fc.array(
      fc.record({
        cap: fc.integer({ min: 1, max: 200 }),
        part: fc.integer({ min: 1, max: 100 }),
        ms: fc.nat(30),
        second: fc.boolean(),
        fails: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ room, calls }) => {
      const one = worstOf(makeCall('run-00000000-0000-0000-0000-000000000000', 'step-00'));
      const run = await makeRun(ledger.database, {
        limitNano: one.nano * room,
        limitTokens: one.tokens * room,
      });
      odd.answer = (response, { body }) => {
        const at = Number(/step-(\d\d)/.exec(JSON.stringify(body))?.[1]);
        const { ms = 0, part = 100, fails = false } = calls[at] ?? {};
        const cap = body['max_tokens'] as number;
        setTimeout(() => {
          if (fails) response.socket?.resetAndDestroy();
          else stream(response, greedy(JSON.stringify(body).length - 14, Math.ceil((cap * part) / 100)));
        }, ms);
      };
      const over = new AbortController();
      const watching = (async () => {
        while (!over.signal.aborted) {
          const budget = await runBudget(ledger.database, run);
          expect(budget.used_nano + budget.reserved_nano).toBeLessThanOrEqual(budget.limit_nano);
          expect(budget.used_tokens + budget.reserved_tokens).toBeLessThanOrEqual(budget.limit_tokens ?? 0);
          expect(
            Math.min(budget.reserved_nano, budget.reserved_tokens, budget.reserved_calls),
          ).toBeGreaterThanOrEqual(0);
        }
      })();
      await Promise.all(
        calls.map(({ cap, second }, n) => {
          const request = { maxOutputTokens: cap, minOutputTokens: Math.ceil(cap / 2) };
          return (second ? other : gateway).complete(
            makeCall(run, `step-${String(n).padStart(2, '0')}`, { request }),
          );
        }),
      );
      over.abort();
      await watching;
      const { rows } = await ledger.database.query<{ nano: number; tokens: number; calls: number }>(
        `SELECT sum(cost_nano)::bigint AS nano, sum(attempts) AS calls,
           sum(input_tokens + output_tokens + cached_tokens)::bigint AS tokens FROM calls WHERE run = $1`,
        [run],
      );
      expect(await runBudget(ledger.database, run)).toMatchObject({
        ...{ used_nano: rows[0]?.nano, used_tokens: rows[0]?.tokens, used_calls: rows[0]?.calls },
        ...{ reserved_nano: 0, reserved_tokens: 0, reserved_calls: 0 },
      });
      const seqs = (await eventsOf(ledger.database, run)).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, n) => n + 1));
    }),
    { numRuns: 12, interruptAfterTimeLimit: 15_000 },
  );
  await other.drain();
});
