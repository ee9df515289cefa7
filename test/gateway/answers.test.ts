import { findAnswer, forgetAnswers, keepAnswer } from '../../src/ledger/answers';
import { ensureTenant } from '../../src/ledger/contents';
import { testDatabase, type TestDatabase } from '../support/database';
import { eventsOf, makeCall, makeRun, runBudget, startGateway, storedCalls } from './support/gateway';
import type { TestCall, TestGateway } from './support/gateway';
import { message, startOddVendor, stream, type OddVendor } from './support/odd-vendor';

// Answers that are given again: what the ledger says of them, and what that costs.

let ledger: TestDatabase;
let vendor: OddVendor;
let gateway: TestGateway;

beforeAll(async () => {
  ledger = await testDatabase();
  await ensureTenant(ledger.database, 'other', 'other');
  vendor = await startOddVendor();
  vendor.answer = (response, { n }) => {
    stream(response, message({ text: `Answer ${String(n)}.` }));
  };
  gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: vendor.url, simulated: false });
});

afterAll(async () => {
  await gateway.drain();
  await vendor.close();
  await ledger.close();
});

const hourMs = 3_600_000;
const cached = (run: string, step: string, key: string, ttlMs = hourMs): TestCall =>
  makeCall(run, step, { cache: { key, ttlMs } });

async function answered(call: TestCall): Promise<string> {
  const state = await gateway.complete(call);
  if (state.state !== 'done') throw new Error(JSON.stringify(state));
  const { run } = call.request;
  const made = { tenant: 'default', run, call: { key: call.key, answer: state.ref }, hash: state.ref };
  await keepAnswer(ledger.database, { ...made, key: call.request.cache?.key ?? '', ms: hourMs });
  return state.text;
}

const age = (key: string, time: string) =>
  ledger.database.query('UPDATE answers SET made_at = made_at - $2::interval WHERE key = $1', [key, time]);
const found = (key: string, tenant = 'default', simulated = false) =>
  findAnswer(ledger.database, { tenant, key, simulated }, hourMs);

test('a stored answer ends the call at once: no request, no budget, and the event of an answer', async () => {
  const run = await makeRun(ledger.database);
  const text = await answered(cached(run, 'first', 'k1'));
  const other = await makeRun(ledger.database, { limitNano: 0, limitCalls: 0 });
  const asked = vendor.calls();
  const call = cached(other, 'second', 'k1');
  const none = { modelCalls: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costNano: 0 };
  expect(await gateway.complete(call)).toMatchObject({ state: 'done', text, stop: 'end', usage: none });
  expect(await gateway.complete(call)).toMatchObject({ state: 'done', text, usage: none });
  expect(vendor.calls()).toBe(asked);
  expect(await runBudget(ledger.database, other)).toMatchObject({
    ...{ used_nano: 0, reserved_nano: 0, used_tokens: 0, used_calls: 0, reserved_calls: 0 },
  });
  expect(await storedCalls(ledger.database, other)).toMatchObject([
    { state: 'done', cache: 'tenant', attempts: 0, cost_nano: 0, owner: null },
  ]);
  const told = { call: call.key, status: 'done', text, usage: none };
  expect(await eventsOf(ledger.database, other)).toMatchObject([
    { seq: 1, type: 'call.finished', data: told },
  ]);
});

test('an answer is the tenant’s own, and one of the simulated vendor stays with it', async () => {
  const run = await makeRun(ledger.database);
  await answered(cached(run, 'first', 'k2'));
  expect(await found('k2')).not.toBeNull();
  expect(await found('k2', 'other')).toBeNull();
  expect(await found('k2', 'default', true)).toBeNull();
  expect(await found('k1-of-nobody')).toBeNull();
});

test('an answer that was given again is no newer for it, and is not kept again', async () => {
  const run = await makeRun(ledger.database);
  const text = await answered(cached(run, 'first', 'k3'));
  await age('k3', '50 minutes');
  expect(await answered(cached(run, 'second', 'k3'))).toBe(text);
  // As an activity that is repeated says it, or a run that was reset.
  expect(await answered(cached(run, 'second', 'k3'))).toBe(text);
  expect(await found('k3')).toMatchObject({ madeAt: expect.any(Date) as Date });
  await age('k3', '20 minutes');
  expect(await answered(cached(run, 'third', 'k3'))).not.toBe(text);
});

test('an old call that is told of again does not take the place of a newer answer', async () => {
  const run = await makeRun(ledger.database);
  const first = cached(run, 'first', 'k4');
  await answered(first);
  await age('k4', '2 hours');
  await ledger.database.query(`UPDATE calls SET done_at = done_at - interval '2 hours' WHERE run = $1`, [
    run,
  ]);
  const newer = await answered(cached(run, 'second', 'k4'));
  await answered(first);
  expect(await answered(cached(run, 'third', 'k4'))).toBe(newer);
});

test('a call that has been at the vendor is made again, whatever others were answered meanwhile', async () => {
  const run = await makeRun(ledger.database);
  const call = cached(run, 'first', 'k5');
  call.request.policy.maxRetries = 1;
  const { answer } = vendor;
  vendor.answer = (response) => response.socket?.resetAndDestroy();
  expect(await gateway.complete(call)).toMatchObject({
    state: 'failed',
    retryInMs: expect.any(Number) as number,
  });
  vendor.answer = answer;
  await answered(cached(run, 'second', 'k5'));
  const asked = vendor.calls();
  await ledger.database.query('UPDATE calls SET retry_at = now() WHERE key = $1', [call.key]);
  expect(await gateway.complete(call)).toMatchObject({ state: 'done', attempts: 2 });
  expect(vendor.calls()).toBe(asked + 1);
});

test('what is too old for everybody is forgotten', async () => {
  const run = await makeRun(ledger.database);
  await answered(cached(run, 'first', 'k6'));
  await answered(cached(run, 'second', 'k7'));
  await ledger.database.query(`UPDATE answers SET expires_at = now() - interval '1 second' WHERE key = 'k6'`);
  await forgetAnswers(ledger.database);
  const { rows } = await ledger.database.query(`SELECT key FROM answers WHERE key IN ('k6', 'k7')`);
  expect(rows).toEqual([{ key: 'k7' }]);
});
