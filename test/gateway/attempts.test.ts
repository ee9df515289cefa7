import { testDatabase, type TestDatabase } from '../support/database';
import {
  eventsOf,
  makeCall,
  makeRun,
  runBudget,
  startGateway,
  storedCalls,
  until,
  type TestCall,
  type TestGateway,
} from './support/gateway';
import { fail, message, startOddVendor, stream, write, type OddVendor } from './support/odd-vendor';

// Attempts of one call: who may try again, when, how often, and what it costs.

let ledger: TestDatabase;
let odd: OddVendor;
let gateway: TestGateway;

beforeAll(async () => {
  ledger = await testDatabase();
  odd = await startOddVendor();
  gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url, simulated: false });
});

afterAll(async () => {
  await gateway.drain();
  await odd.close();
  await ledger.close();
});

// What one test's vendor asked for is no matter of the next one's.
afterEach(async () => {
  await ledger.database.query('DELETE FROM breakers');
});

/** Asks again as the worker does: after the pause that it is told. Answers the end and the pauses. */
async function insist(
  call: TestCall,
): Promise<{ state: Awaited<ReturnType<TestGateway['complete']>>; pauses: number[] }> {
  const pauses: number[] = [];
  for (;;) {
    const state = await gateway.complete(call);
    if (state.state !== 'failed' || state.retryInMs === null) return { state, pauses };
    pauses.push(state.retryInMs);
    await new Promise((resolve) => setTimeout(resolve, state.retryInMs ?? 0));
  }
}

test.each([0, 1, 3])(
  'asks a vendor that is always overloaded once and %d times more, as the policy says',
  async (maxRetries) => {
    odd.answer = (response) => {
      fail(response, { status: 529, type: 'overloaded_error' });
    };
    const run = await makeRun(ledger.database);
    const before = odd.calls();
    const { state } = await insist(makeCall(run, 'draft', { policy: { maxRetries } }));
    expect(state).toMatchObject({
      state: 'failed',
      fault: 'overloaded',
      attempts: maxRetries + 1,
      retryInMs: null,
    });
    expect(odd.calls() - before).toBe(maxRetries + 1);
    const [row] = await storedCalls(ledger.database, run);
    expect(JSON.parse(row?.attempts_json ?? '[]')).toHaveLength(maxRetries + 1);
    const types = (await eventsOf(ledger.database, run)).map(({ type }) => type);
    expect(types.filter((type) => type === 'call.retried')).toHaveLength(maxRetries);
    expect(types.at(-1)).toBe('call.finished');
    expect(await runBudget(ledger.database, run)).toMatchObject({
      used_calls: maxRetries + 1,
      used_nano: 0,
      reserved_nano: 0,
    });
  },
);

test('succeeds after two failures with one answer and three requests on the books', async () => {
  const first = odd.calls();
  odd.answer = (response, { n }) => {
    if (n - first < 3) fail(response, { status: 500 });
    else stream(response, message({ text: 'At last.' }));
  };
  const run = await makeRun(ledger.database);
  const { state } = await insist(makeCall(run, 'draft', { policy: { maxRetries: 3 } }));
  expect(state).toMatchObject({
    state: 'done',
    simulated: false,
    attempts: 3,
    usage: { modelCalls: 3, inputTokens: 10 },
  });
  const attempts = JSON.parse(
    (await storedCalls(ledger.database, run))[0]?.attempts_json ?? '[]',
  ) as unknown[];
  expect(attempts).toEqual([
    {
      at: expect.any(String) as string,
      ms: expect.any(Number) as number,
      error: 'server_error',
      requestId: null,
    },
    {
      at: expect.any(String) as string,
      ms: expect.any(Number) as number,
      error: 'server_error',
      requestId: null,
    },
    { at: expect.any(String) as string, ms: expect.any(Number) as number, error: null, requestId: 'req_odd' },
  ]);
});

test('grows the pause by the multiplier up to its bound', async () => {
  odd.answer = (response) => {
    fail(response, { status: 500 });
  };
  const policy = { maxRetries: 4, initialDelayMs: 40, multiplier: 2, maxDelayMs: 100 };
  const { pauses } = await insist(makeCall(await makeRun(ledger.database), 'draft', { policy }));
  for (const [n, most] of [40, 80, 100, 100].entries()) {
    expect(pauses[n]).toBeLessThanOrEqual(most);
    expect(pauses[n]).toBeGreaterThan(most - 30);
  }
});

test('makes no attempt before its time', async () => {
  odd.answer = (response) => {
    fail(response, { status: 500 });
  };
  const call = makeCall(await makeRun(ledger.database), 'draft', {
    policy: { maxRetries: 1, initialDelayMs: 60_000, maxDelayMs: 60_000 },
  });
  await gateway.complete(call);
  const before = odd.calls();
  for (let n = 0; n < 5; n++)
    expect(await gateway.complete(call)).toMatchObject({ state: 'failed', attempts: 1 });
  expect(odd.calls()).toBe(before);
});

test.each([400, 401, 403, 404, 413])(
  'asks once where the answer is %d, whatever the policy',
  async (status) => {
    odd.answer = (response) => {
      fail(response, { status });
    };
    const run = await makeRun(ledger.database);
    const before = odd.calls();
    const { state } = await insist(makeCall(run, 'draft', { policy: { maxRetries: 3 } }));
    expect(state).toMatchObject({ state: 'failed', attempts: 1, retryInMs: null });
    expect(odd.calls() - before).toBe(1);
  },
);

test('retries only what the policy names', async () => {
  odd.answer = (response) => {
    fail(response, { status: 500 });
  };
  const policy = { maxRetries: 3, retryOn: ['rate_limit' as const] };
  const { state } = await insist(makeCall(await makeRun(ledger.database), 'draft', { policy }));
  expect(state).toMatchObject({ state: 'failed', attempts: 1, retryInMs: null });
});

test('waits as long as the vendor asks, where that is longer than its own pause', async () => {
  odd.answer = (response) => {
    fail(response, { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '7' } });
  };
  const state = await gateway.complete(
    makeCall(await makeRun(ledger.database), 'draft', { policy: { maxRetries: 1 } }),
  );
  if (state.state !== 'failed' || state.retryInMs === null) throw new Error(JSON.stringify(state));
  expect(state.retryInMs).toBeGreaterThan(6_500);
  expect(state.retryInMs).toBeLessThanOrEqual(7_000);
});

test('hands a wait of more than a minute to the workflow, uncut, and spends no retry on it', async () => {
  const first = odd.calls();
  odd.answer = (response, { n }) => {
    if (n - first === 1) fail(response, { status: 429, headers: { 'retry-after': '86400' } });
    else stream(response, message({ text: 'Later.' }));
  };
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft', { policy: { maxRetries: 0 } });
  const state = await gateway.complete(call);
  if (state.state !== 'wait') throw new Error(JSON.stringify(state));
  expect(state.cause).toBe('vendor');
  expect(state.ms).toBeGreaterThan(86_390_000);
  expect(state.reason).toContain('429');
  expect(await gateway.complete(call)).toMatchObject({ state: 'wait' });
  expect(odd.calls() - first).toBe(1);
  await ledger.database.query('UPDATE calls SET retry_at = now() WHERE run = $1', [run]);
  await ledger.database.query('DELETE FROM breakers');
  expect(await gateway.complete(call)).toMatchObject({ state: 'done', attempts: 2 });
});

test('charges what a broken answer had cost up to there', async () => {
  odd.answer = (response) => {
    write(response, message({ text: 'Five!', input: 10 }).slice(0, 3));
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  };
  const run = await makeRun(ledger.database);
  expect(await gateway.complete(makeCall(run, 'draft'))).toMatchObject({
    state: 'failed',
    fault: 'connection',
  });
  const cost = 10 * 2000 + 5 * 10_000;
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_nano: cost,
    reserved_nano: 0,
    used_tokens: 15,
  });
  expect((await storedCalls(ledger.database, run))[0]).toMatchObject({ cost_nano: cost, state: 'failed' });
});

test('closes the vendor’s connection on cancel, and charges what was used', async () => {
  odd.answer = (response) => {
    write(response, message({ text: 'Five!', input: 10 }).slice(0, 3));
  };
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const closed = odd.closedByClient();
  const live = await gateway.request('GET', `/streams?tenant=default&run=${run}`);
  const reader = (live.body as ReadableStream<Uint8Array>).getReader();
  const { hash } = await gateway.put(call);
  let heard = '';
  while (!heard.includes('Five!')) {
    const { value, done } = await reader.read();
    if (done) throw new Error('The stream ended.');
    heard += Buffer.from(value).toString();
  }
  await reader.cancel();
  const response = await gateway.request('POST', '/cancel', { tenant: 'default', run });
  expect(await response.json()).toEqual({ cancelled: 1 });
  expect(await gateway.settle(call, hash)).toEqual({ state: 'cancelled' });
  await until('the connection is closed', () => odd.closedByClient() === closed + 1);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_nano: 70_000,
    reserved_nano: 0,
    reserved_calls: 0,
  });
});

test('ends one call that nobody waits for any more, and no other', async () => {
  odd.answer = () => undefined;
  const run = await makeRun(ledger.database);
  const [left, kept] = [makeCall(run, 'left'), makeCall(run, 'kept')];
  const { hash } = await gateway.put(left);
  const keptHash = (await gateway.put(kept)).hash;
  const path = `/calls/${encodeURIComponent(left.key)}`;
  expect((await gateway.request('DELETE', path, { tenant: 'default', run })).status).toBe(204);
  expect(await gateway.settle(left, hash)).toEqual({ state: 'cancelled' });
  expect((await gateway.put(kept)).call).toMatchObject({ state: 'pending' });
  await gateway.request('POST', '/cancel', { tenant: 'default', run });
  expect(await gateway.settle(kept, keptHash)).toEqual({ state: 'cancelled' });
});
