import { startSimulator, type TestSimulator } from '../support/simulator';
import { testDatabase, type TestDatabase } from '../support/database';
import {
  eventsOf,
  makeCall,
  makeRun,
  runBudget,
  startGateway,
  storedCalls,
  type TestGateway,
} from './support/gateway';

// One gateway and the simulated vendor, over HTTP: what a caller may rely on of a single call.

let ledger: TestDatabase;
let vendor: TestSimulator;
let gateway: TestGateway;

beforeAll(async () => {
  ledger = await testDatabase();
  vendor = await startSimulator();
  gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: vendor.url });
});

afterAll(async () => {
  await gateway.drain();
  await vendor.close();
  await ledger.close();
});

async function made(): Promise<number> {
  return (await vendor.totals()).calls;
}

test('makes a call and stores answer, usage, cost and events', async () => {
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft', { request: { maxOutputTokens: 4000 } });
  const state = await gateway.complete(call);
  if (state.state !== 'done') throw new Error(JSON.stringify(state));
  expect(state).toMatchObject({ stop: 'end', simulated: true, attempts: 1, ambiguous: 0, capLowered: null });
  expect(state.text.length).toBeGreaterThan(0);
  const { usage } = state;
  expect(usage.costNano).toBe(usage.inputTokens * 2000 + usage.outputTokens * 10_000);
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_nano: usage.costNano,
    reserved_nano: 0,
    used_tokens: usage.inputTokens + usage.outputTokens,
    reserved_tokens: 0,
    used_calls: 1,
    reserved_calls: 0,
  });
  const events = await eventsOf(ledger.database, run);
  expect(events.map(({ seq, type }) => ({ seq, type }))).toEqual([
    { seq: 1, type: 'call.started' },
    { seq: 2, type: 'call.finished' },
  ]);
  expect(events[1]?.data).toMatchObject({ call: call.key, status: 'done', text: state.text, usage });
});

test('makes one request to the vendor for twenty puts at once', async () => {
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const before = await made();
  const states = await Promise.all(Array.from({ length: 20 }, () => gateway.complete(call)));
  expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(1);
  expect(states[0]).toMatchObject({ state: 'done' });
  expect((await made()) - before).toBe(1);
});

test('answers from the ledger after a restart', async () => {
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const first = await gateway.complete(call);
  const other = await startGateway({ databaseUrl: ledger.url, vendorUrl: 'http://127.0.0.1:9' });
  expect(await other.complete(call)).toEqual(first);
  await other.drain();
});

test('goes on with the call when whoever asked has gone', async () => {
  const run = await makeRun(ledger.database);
  await vendor.script({ match: run, then: { type: 'slow', ms: 300 } });
  const call = makeCall(run, 'draft', { request: { system: run } });
  const { hash } = await gateway.put(call);
  const query = `tenant=default&run=${run}&hash=${hash}&wait=20s`;
  const gone = fetch(`${gateway.url}/calls/${encodeURIComponent(call.key)}?${query}`, {
    headers: { authorization: 'Bearer internal-key-of-the-tests' },
    signal: AbortSignal.timeout(50),
  });
  await expect(gone).rejects.toThrow();
  expect(await gateway.settle(call, hash)).toMatchObject({ state: 'done' });
});

test('refuses another request under a key within one Temporal run, loudly', async () => {
  const run = await makeRun(ledger.database);
  await gateway.complete(makeCall(run, 'draft'));
  const other = makeCall(run, 'draft', { request: { system: 'Something else.' } });
  const response = await gateway.request('PUT', `/calls/${encodeURIComponent(other.key)}`, other.request);
  expect(response.status).toBe(409);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toMatchObject({ code: 'journal_mismatch', retryable: false });
  expect(gateway.lines.some((line) => line.includes('journal_mismatch') && line.includes('"level":50'))).toBe(
    true,
  );
});

test('takes another request under a key after a reset, and says so', async () => {
  const run = await makeRun(ledger.database);
  await gateway.complete(makeCall(run, 'draft'));
  const other = makeCall(run, 'draft', { temporalRun: 'temporal-2', request: { system: 'Something else.' } });
  expect(await gateway.complete(other)).toMatchObject({ state: 'done' });
  const rows = await storedCalls(ledger.database, run);
  expect(rows.map((row) => row.after_reset)).toEqual([false, true]);
  const before = await made();
  expect(await gateway.complete(makeCall(run, 'draft', { temporalRun: 'temporal-2' }))).toMatchObject({
    state: 'done',
  });
  expect(await made()).toBe(before);
});

test('knows a request again whatever the order of its names', async () => {
  const run = await makeRun(ledger.database);
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
  const turned = { required: ['a'], properties: { a: { type: 'string' } }, type: 'object' };
  const first = await gateway.put(makeCall(run, 'draft', { request: { schema } }));
  const second = await gateway.put(makeCall(run, 'draft', { request: { schema: turned } }));
  expect(second.hash).toBe(first.hash);
});

test('asks for structured output and gets JSON of the schema', async () => {
  const run = await makeRun(ledger.database);
  const schema = {
    type: 'object',
    required: ['score'],
    properties: { score: { type: 'integer', minimum: 1, maximum: 10 } },
  };
  const state = await gateway.complete(makeCall(run, 'judge', { request: { schema } }));
  if (state.state !== 'done') throw new Error(JSON.stringify(state));
  expect(JSON.parse(state.text)).toMatchObject({ score: expect.any(Number) as number });
});

test('refuses requests without the internal token, on every path', async () => {
  for (const [method, path] of [
    ['PUT', '/calls/x'],
    ['GET', '/calls/x?tenant=a&run=b'],
    ['DELETE', '/calls/x'],
    ['POST', '/cancel'],
    ['GET', '/streams?tenant=a&run=b'],
    ['GET', '/metrics'],
    ['GET', '/nowhere'],
  ] as const) {
    for (const authorization of [undefined, 'Bearer wrong', 'Basic internal-key-of-the-tests']) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const response = await fetch(`${gateway.url}${path}`, { method, headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    }
  }
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

test('names what is wrong with a request', async () => {
  const call = makeCall('run', 'draft');
  const broken = { ...call.request, unknown: 1 };
  const response = await gateway.request('PUT', `/calls/${encodeURIComponent(call.key)}`, broken);
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: 'validation_failed' });
  const hash = 'a'.repeat(64);
  const unknown = await gateway.request('GET', `/calls/none?tenant=default&run=none&hash=${hash}`);
  expect(unknown.status).toBe(404);
});

test('refuses models that it cannot price or does not know, without asking anybody', async () => {
  const run = await makeRun(ledger.database);
  const before = await made();
  expect(await gateway.complete(makeCall(run, 'a', { model: 'no-such-model' }))).toMatchObject({
    state: 'failed',
    fault: 'not_found',
    retryInMs: null,
  });
  expect(await made()).toBe(before);
});
