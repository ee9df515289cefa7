import type { ServerResponse } from 'node:http';
import { readBreakers } from '../../src/ledger/breakers';
import { testDatabase, type TestDatabase } from '../support/database';
import {
  insist,
  makeCall,
  makeRun,
  runBudget,
  startGateway,
  storedCalls,
  until,
  type TestCall,
  type TestGateway,
} from './support/gateway';
import { fail, message, startOddVendor, stream, type OddVendor } from './support/odd-vendor';

// The breaker of a vendor, model and credential, and what a vendor asked for: in the ledger, for all
// gateways together.

let ledger: TestDatabase;
let odd: OddVendor;
let gateways: TestGateway[];
/** When each request reached the vendor. */
let hits: number[];
let isDown: boolean;

beforeAll(async () => {
  ledger = await testDatabase();
  odd = await startOddVendor();
  const options = { databaseUrl: ledger.url, vendorUrl: odd.url };
  gateways = [await startGateway(options), await startGateway(options), await startGateway(options)];
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.drain()));
  await odd.close();
  await ledger.close();
});

beforeEach(async () => {
  await ledger.database.query('DELETE FROM breakers');
  hits = [];
  isDown = true;
  odd.answer = (response) => {
    hits.push(performance.now());
    if (isDown) fail(response, { status: 529, type: 'overloaded_error' });
    else stream(response, message({ text: 'Back.' }));
  };
});

const at = (n: number): TestGateway => gateways[n % gateways.length] as TestGateway;

interface Kind {
  failures?: number;
  cooldownMs?: number;
  maxRetries?: number;
  model?: string;
}

function callOf(run: string, step: string, kind: Kind = {}): TestCall {
  const { failures = 3, cooldownMs = 60_000, maxRetries = 0, model = 'claude-sonnet-5-5' } = kind;
  return makeCall(run, step, { model, policy: { maxRetries, breaker: { failures, cooldownMs } } });
}

/** Opens the breaker by calls that fail for good. */
async function open(run: string, kind: Kind = {}): Promise<void> {
  for (let n = 0; n < (kind.failures ?? 3); n++)
    expect(await at(n).complete(callOf(run, `opens-${String(n)}`, kind))).toMatchObject({ state: 'failed' });
}

test('opens after three calls in a row whose retries are spent, over all gateways', async () => {
  const run = await makeRun(ledger.database);
  for (let n = 0; n < 3; n++) {
    const { state } = await insist(at(n), callOf(run, `a-${String(n)}`, { maxRetries: 1 }));
    expect(state).toMatchObject({ state: 'failed', attempts: 2, retryInMs: null });
  }
  // Six attempts, three calls: the breaker counts calls.
  expect(hits).toHaveLength(6);
  for (const [n] of gateways.entries()) {
    const state = await at(n).complete(callOf(run, `b-${String(n)}`));
    expect(state).toMatchObject({ state: 'wait', cause: 'breaker' });
    if (state.state === 'wait') expect(state.ms).toBeGreaterThan(50_000);
  }
  expect(hits).toHaveLength(6);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_calls: 6,
    reserved_calls: 0,
    reserved_nano: 0,
  });
  // Another model of the same vendor has a breaker of its own.
  isDown = false;
  expect(await at(0).complete(callOf(run, 'other', { model: 'claude-haiku-4-5' }))).toMatchObject({
    state: 'done',
  });
});

test.each([
  { what: 'a bad request', status: 400 },
  { what: 'a wrong key', status: 401 },
  { what: 'a rate limit', status: 429 },
])('does not count $what', async ({ status }) => {
  const run = await makeRun(ledger.database);
  odd.answer = (response) => {
    fail(response, { status });
  };
  for (let n = 0; n < 4; n++)
    expect(await at(n).complete(callOf(run, `a-${String(n)}`))).toMatchObject({ state: 'failed' });
  expect(await readBreakers(ledger.database)).toEqual([]);
});

test('begins to count anew after a success', async () => {
  const run = await makeRun(ledger.database);
  for (const [n, down] of [true, true, false, true, true].entries()) {
    isDown = down;
    await at(n).complete(callOf(run, `a-${String(n)}`));
  }
  expect(await readBreakers(ledger.database)).toMatchObject([
    { failures: 2, probe_at: null, last_fault: 'overloaded' },
  ]);
  expect(await at(0).complete(callOf(run, 'last'))).toMatchObject({ state: 'failed' });
  expect(await readBreakers(ledger.database)).toMatchObject([
    { failures: 3, probe_at: expect.any(Date) as Date },
  ]);
});

test('lets one probe through a cooldown over three gateways, and everybody once it has come back', async () => {
  const cooldownMs = 1_500;
  const run = await makeRun(ledger.database);
  await open(run, { cooldownMs });
  const opened = performance.now();
  const calls = Array.from({ length: 9 }, (_, n) => callOf(run, `waits-${String(n)}`, { cooldownMs }));
  const ends = Promise.all(calls.map((call, n) => insist(at(n), call)));
  await until('three probes have failed', () => hits.length === 6);
  isDown = false;
  const states = await ends;
  // No retry was allowed and none was spent: not by waiting, and not by a probe that failed.
  for (const { state, waits } of states) {
    expect(state).toMatchObject({ state: 'done', text: 'Back.' });
    for (const { cause } of waits) expect(cause).toBe('breaker');
  }
  const probes = hits.slice(3, 7);
  expect((probes[0] ?? 0) - opened).toBeGreaterThan(cooldownMs - 100);
  for (const [n, hit] of probes.slice(1).entries())
    expect(hit - (probes[n] ?? 0)).toBeGreaterThanOrEqual(cooldownMs);
  expect(hits).toHaveLength(3 + 3 + 9);
  expect(await readBreakers(ledger.database)).toEqual([]);
  const attempts = (await storedCalls(ledger.database, run)).reduce((sum, call) => sum + call.attempts, 0);
  expect(attempts).toBe(hits.length);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_calls: hits.length,
    reserved_calls: 0,
    reserved_nano: 0,
  });
});

test('is not blocked for ever by a probe whose gateway died', async () => {
  const cooldownMs = 1_000;
  const run = await makeRun(ledger.database);
  await open(run, { cooldownMs });
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const probe = callOf(run, 'probe', { cooldownMs });
  await until('the probe is at the vendor', async () => {
    await at(0).put(probe);
    return held.length === 1;
  });
  expect(await readBreakers(ledger.database)).toMatchObject([{ probing: true }]);
  await ledger.database.query(`UPDATE calls SET owner = 'dead' WHERE run = $1 AND state = 'sent'`, [run]);
  odd.answer = (response) => {
    stream(response, message({ text: 'Back.' }));
  };
  const { state } = await insist(at(1), callOf(run, 'next', { cooldownMs }));
  expect(state).toMatchObject({ state: 'done', text: 'Back.' });
  expect(await readBreakers(ledger.database)).toEqual([]);
});

test('is not closed by an answer to what went out before it opened', async () => {
  const run = await makeRun(ledger.database);
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const early = at(0).complete(callOf(run, 'early'));
  await until('it is at the vendor', () => held.length === 1);
  odd.answer = (response) => {
    fail(response, { status: 500 });
  };
  await open(run);
  stream(held[0] as ServerResponse, message({ text: 'Late.' }));
  expect(await early).toMatchObject({ state: 'done' });
  expect(await at(1).complete(callOf(run, 'next'))).toMatchObject({ state: 'wait', cause: 'breaker' });
});

test('goes by the smallest number of failures and the longest cooldown of the agents that call', async () => {
  const run = await makeRun(ledger.database);
  await at(0).complete(callOf(run, 'patient', { failures: 3, cooldownMs: 1_000 }));
  // It has failed once, which is enough for an agent that says so, and from then on for all.
  const strict = await at(1).complete(callOf(run, 'strict', { failures: 1, cooldownMs: 60_000 }));
  expect(strict).toMatchObject({ state: 'wait', cause: 'breaker' });
  const patient = await at(2).complete(callOf(run, 'patient-too', { failures: 3, cooldownMs: 1_000 }));
  if (patient.state !== 'wait') throw new Error(JSON.stringify(patient));
  expect(patient.ms).toBeGreaterThan(50_000);
  expect(hits).toHaveLength(1);
});

test('calls no vendor at any gateway before the time that it named, and holds a call until then', async () => {
  const run = await makeRun(ledger.database);
  odd.answer = (response) => {
    hits.push(performance.now());
    if (hits.length === 1)
      fail(response, { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '2' } });
    else stream(response, message({ text: 'In time.' }));
  };
  expect(await at(0).complete(callOf(run, 'first', { maxRetries: 1 }))).toMatchObject({ state: 'failed' });
  const others = [callOf(run, 'a'), callOf(run, 'b'), callOf(run, 'c')];
  const states = await Promise.all(others.map((call, n) => at(n).complete(call)));
  for (const state of states) expect(state).toMatchObject({ state: 'done', text: 'In time.', attempts: 1 });
  for (const hit of hits.slice(1)) expect(hit - (hits[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_calls: 4,
    reserved_calls: 0,
    reserved_nano: 0,
  });
});

test('hands a time further off than a minute to the workflow of every call, and lets other models be', async () => {
  const run = await makeRun(ledger.database);
  odd.answer = (response, { body }) => {
    hits.push(performance.now());
    if (body['model'] === 'claude-haiku-4-5') stream(response, message({ text: 'Other.' }));
    else fail(response, { status: 529, type: 'overloaded_error', headers: { 'retry-after': '90' } });
  };
  await at(0).complete(callOf(run, 'first'));
  const state = await at(1).complete(callOf(run, 'second'));
  if (state.state !== 'wait') throw new Error(JSON.stringify(state));
  expect(state.cause).toBe('vendor');
  expect(state.ms).toBeGreaterThan(80_000);
  expect(hits).toHaveLength(1);
  expect(await at(2).complete(callOf(run, 'other', { model: 'claude-haiku-4-5' }))).toMatchObject({
    state: 'done',
  });
});

test('gives a held call up when its run is cancelled, and back when the gateway stops', async () => {
  const run = await makeRun(ledger.database);
  await ledger.database.query(
    `INSERT INTO breakers (vendor, model, credential, not_before)
     VALUES ('anthropic', 'claude-sonnet-5-5', 'simulated', now() + interval '40 seconds')`,
  );
  const leaving = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url });
  const [cancelled, given] = [callOf(run, 'cancelled'), callOf(await makeRun(ledger.database), 'given')];
  const { hash } = await at(0).put(cancelled);
  await leaving.put(given);
  await until('both are held', async () => {
    const replies = [await at(0).put(cancelled), await leaving.put(given)];
    return replies.every(({ call }) => call.state === 'pending' && call.phase === 'in_line');
  });
  await ledger.database.query('UPDATE runs SET cancel_requested = true WHERE id = $1', [run]);
  expect(await at(0).settle(cancelled, hash)).toEqual({ state: 'cancelled' });
  expect(await leaving.drain()).toBe(1);
  expect(await storedCalls(ledger.database, given.request.run)).toMatchObject([
    { state: 'registered', owner: null },
  ]);
  expect(hits).toHaveLength(0);
});
