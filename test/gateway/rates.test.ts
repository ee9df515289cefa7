import { testDatabase, type TestDatabase } from '../support/database';
import { makeCall, makeRun, runBudget, startGateway, storedCalls, type TestGateway } from './support/gateway';
import { startOddVendor, type OddVendor } from './support/odd-vendor';

// Calls a minute of an agent, counted in the ledger for all gateways together.

let ledger: TestDatabase;
let odd: OddVendor;
let gateways: [TestGateway, TestGateway];

beforeAll(async () => {
  ledger = await testDatabase();
  odd = await startOddVendor();
  const options = { databaseUrl: ledger.url, vendorUrl: odd.url };
  gateways = [await startGateway(options), await startGateway(options)];
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.drain()));
  await odd.close();
  await ledger.close();
});

/** Lets everything that was called seem so much longer ago. */
async function age(key: string, seconds: number): Promise<void> {
  await ledger.database.query(
    `UPDATE rates SET seconds = ARRAY(SELECT s - $2::bigint FROM unnest(seconds) AS s ORDER BY s) WHERE key = $1`,
    [key, seconds],
  );
  await ledger.database.query(`UPDATE calls SET retry_at = now() WHERE state = 'waiting'`);
}

test('lets out as many calls a minute as the rate says, over two gateways, and no more in the next', async () => {
  const run = await makeRun(ledger.database);
  const rate = { key: `${run}/writer`, perMinute: 5 };
  const calls = Array.from({ length: 12 }, (_, n) =>
    makeCall(run, `step-${String(n)}`, { policy: { rate } }),
  );
  const asked = () => Promise.all(calls.map((call, n) => (gateways[n % 2] as TestGateway).complete(call)));
  const before = odd.calls();
  const states = await asked();
  expect(odd.calls() - before).toBe(5);
  const waits = states.filter((state) => state.state === 'wait');
  expect(waits).toHaveLength(7);
  for (const wait of waits) {
    expect(wait).toMatchObject({
      cause: 'rate',
      reason: 'The agent writer has made its 5 calls of this minute.',
    });
    expect(wait.ms).toBeGreaterThan(50_000);
    expect(wait.ms).toBeLessThanOrEqual(61_000);
  }
  // What waits has nothing reserved, was not sent, and spent no retry.
  expect(await runBudget(ledger.database, run)).toMatchObject({
    ...{ used_calls: 5, reserved_calls: 0, reserved_nano: 0, reserved_tokens: 0 },
  });
  const waiting = (await storedCalls(ledger.database, run)).filter(({ state }) => state === 'waiting');
  expect(waiting.map(({ attempts, owner, waits: spent }) => ({ attempts, owner, spent }))).toEqual(
    Array.from({ length: 7 }, () => ({ attempts: 0, owner: null, spent: 0 })),
  );
  // Nothing has changed: nobody is let out by asking again.
  expect((await asked()).filter((state) => state.state === 'wait')).toHaveLength(7);
  expect(odd.calls() - before).toBe(5);
  await age(rate.key, 61);
  expect((await asked()).filter((state) => state.state === 'wait')).toHaveLength(2);
  expect(odd.calls() - before).toBe(10);
});

test('holds a call that fits within a second, and sends it without a word', async () => {
  const run = await makeRun(ledger.database);
  const rate = { key: `${run}/writer`, perMinute: 2 };
  const call = (step: string) => makeCall(run, step, { policy: { rate } });
  await gateways[0].complete(call('a'));
  await gateways[0].complete(call('b'));
  await ledger.database.query(
    `UPDATE rates SET seconds = ARRAY[floor(extract(epoch FROM now()))::bigint - 60], requests = ARRAY[2] WHERE key = $1`,
    [rate.key],
  );
  const startedAt = Date.now();
  expect(await gateways[1].complete(call('c'))).toMatchObject({ state: 'done', attempts: 1 });
  expect(Date.now() - startedAt).toBeLessThan(5_000);
});

test('counts every attempt, and each agent and tenant by itself', async () => {
  const run = await makeRun(ledger.database);
  const rate = { key: `${run}/writer`, perMinute: 1 };
  const call = (step: string, key = rate.key) =>
    makeCall(run, step, { policy: { rate: { ...rate, key }, maxRetries: 1, initialDelayMs: 10 } });
  odd.answer = (response) => response.socket?.resetAndDestroy();
  expect(await gateways[0].complete(call('a'))).toMatchObject({ state: 'failed', attempts: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await gateways[0].complete(call('a'))).toMatchObject({ state: 'wait', cause: 'rate' });
  expect(await gateways[0].complete(call('b', `${run}/reader`))).toMatchObject({ state: 'failed' });
  const { rows } = await ledger.database.query(
    'SELECT tenant, key, requests FROM rates WHERE key LIKE $1 ORDER BY key',
    [`${run}%`],
  );
  expect(rows).toEqual([
    { tenant: 'default', key: `${run}/reader`, requests: [1] },
    { tenant: 'default', key: `${run}/writer`, requests: [1] },
  ]);
});
