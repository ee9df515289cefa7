import { setTimeout as sleep } from 'node:timers/promises';
import { createGatewayClient } from '../../src/activities/gateway-client';
import type { CallState } from '../../src/contract/gateway';
import { testDatabase, type TestDatabase } from '../support/database';
import { startPart, type Part } from '../support/part';
import { startSimulator, type TestSimulator } from '../support/simulator';
import {
  internalKey,
  makeCall,
  makeRun,
  runBudget,
  storedCalls,
  until,
  type TestCall,
} from './support/gateway';

// Gateways as processes that are killed, frozen and stopped with calls in flight, asked by the client
// that the worker has. What was really called and paid, the vendor's own ledger says.

let ledger: TestDatabase;
let vendor: TestSimulator;
const parts: Part[] = [];

beforeAll(async () => {
  ledger = await testDatabase();
});

afterAll(async () => {
  await ledger.close();
});

beforeEach(async () => {
  await ledger.database.query('DELETE FROM breakers');
});

afterEach(async () => {
  for (const { child } of parts.splice(0)) child.kill('SIGKILL');
  await vendor.close();
});

type Gateway = Part & { url: string };

async function started(): Promise<Gateway> {
  const part = await startPart('gateway/main', {
    env: { DATABASE_URL: ledger.url, FERMATA_INTERNAL_KEY: internalKey, SIMULATOR_URL: vendor.url },
  });
  parts.push(part);
  return { ...part, url: part.url ?? '' };
}

/** A worker: it asks again whatever goes wrong, as Temporal has it do. */
function workerAt(...gateways: Gateway[]): (call: TestCall) => Promise<CallState> {
  const client = createGatewayClient(
    gateways.map(({ url }) => url),
    internalKey,
  );
  return async ({ key, request }) => {
    for (;;) {
      try {
        const state = await client.complete(key, request, new AbortController().signal);
        if (state.state !== 'wait') return state;
        await sleep(state.ms);
      } catch {
        await sleep(200);
      }
    }
  };
}

async function sentNow(run: string): Promise<number> {
  return (await storedCalls(ledger.database, run)).filter(({ state }) => state === 'sent').length;
}

test('counts to the token what the answers cost, and names every request that a killed gateway lost', async () => {
  vendor = await startSimulator({ latencyMs: 1_500 });
  const [first, second] = [await started(), await started()];
  const ask = workerAt(first, second);
  const run = await makeRun(ledger.database);
  const ends = Promise.all(Array.from({ length: 8 }, (_, n) => ask(makeCall(run, `step-${String(n)}`))));
  await until('calls are at the vendor', async () => (await vendor.totals()).calls >= 4);
  first.child.kill('SIGKILL');
  await first.ended;
  const inFlight = await sentNow(run);
  for (const state of await ends) expect(state).toMatchObject({ state: 'done' });

  const rows = await storedCalls(ledger.database, run);
  const sum = (of: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((all, row) => all + of(row), 0);
  const totals = await vendor.totals();
  expect(sum(({ ambiguous }) => ambiguous)).toBe(inFlight);
  // A request that was noted and never left is counted as well: it can't be told.
  expect(totals.calls).toBeLessThanOrEqual(8 + inFlight);
  expect(totals.calls).toBeGreaterThan(8);

  const settled = new Set(
    rows.flatMap(({ attempts_json: json }) =>
      (JSON.parse(json) as { requestId: string | null }[]).map((each) => each.requestId),
    ),
  );
  const answers = (await vendor.ledger()).filter(({ requestId }) => settled.has(requestId));
  expect(answers).toHaveLength(8);
  const input = answers.reduce((all, answer) => all + answer.inputTokens, 0);
  const output = answers.reduce((all, answer) => all + answer.outputTokens, 0);
  // What they cost is in the books, what the others may have cost stays reserved, and all of them count.
  expect(await runBudget(ledger.database, run)).toMatchObject({
    ...{ used_tokens: input + output, used_nano: input * 2000 + output * 10_000 },
    ...{ used_calls: 8 + inFlight, reserved_calls: 0 },
    reserved_nano: sum((row) => row.ambiguous_nano),
  });
  expect(sum((row) => row.ambiguous_nano)).toBeGreaterThan(0);
}, 60_000);

test('lets a gateway that was frozen neither send nor write what another has by then', async () => {
  vendor = await startSimulator();
  await vendor.script({ match: 'sent', times: 1, then: { type: 'slow', ms: 20_000 } });
  const [frozen, other] = [await started(), await started()];
  const run = await makeRun(ledger.database);
  const [sent, held] = [makeCall(run, 'sent'), makeCall(run, 'held', { model: 'claude-haiku-4-5' })];
  // The second call is held for a while, so that it is still to be sent when its gateway freezes.
  await ledger.database.query(
    `INSERT INTO breakers (vendor, model, credential, not_before)
     VALUES ('anthropic', 'claude-haiku-4-5', 'simulated', now() + interval '4 seconds')`,
  );
  const put = (call: TestCall): Promise<unknown> =>
    createGatewayClient([frozen.url], internalKey)
      .complete(call.key, call.request, AbortSignal.timeout(2_000))
      .catch(() => undefined);
  await Promise.all([put(sent), put(held)]);
  expect((await storedCalls(ledger.database, run)).map(({ state }) => state).sort()).toEqual([
    'registered',
    'sent',
  ]);
  process.kill(frozen.child.pid ?? 0, 'SIGSTOP');
  const states = await Promise.all([sent, held].map(workerAt(other)));
  expect(states).toMatchObject([
    { state: 'done', attempts: 2, ambiguous: 1 },
    { state: 'done', attempts: 1, ambiguous: 0 },
  ]);
  const before = await storedCalls(ledger.database, run);
  process.kill(frozen.child.pid ?? 0, 'SIGCONT');
  await until('it has found out', async () => (await fetch(`${frozen.url}/healthz`)).ok);
  // It stops only when it has no call any more, whichever way that came.
  await frozen.stop();
  expect(frozen.child.exitCode).toBe(0);
  expect(await storedCalls(ledger.database, run)).toEqual(before);
  expect((await vendor.totals()).calls).toBe(3);
}, 60_000);

test('hands over without paying twice when it is told to stop', async () => {
  vendor = await startSimulator({ latencyMs: 3_000 });
  const [leaving, staying] = [await started(), await started()];
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const asked = workerAt(leaving, staying)(call);
  await until('the call is at the vendor', async () => (await sentNow(run)) === 1);
  const stopped = leaving.stop();
  await until('it takes nothing new', async () => {
    const answer = await fetch(`${leaving.url}/calls/${encodeURIComponent(call.key)}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${internalKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(call.request),
    });
    return answer.status === 503;
  });
  const joined = await workerAt(leaving, staying)(call);
  const fresh = await workerAt(leaving, staying)(makeCall(run, 'next'));
  await stopped;
  expect(leaving.child.exitCode).toBe(0);
  expect(joined).toMatchObject({ state: 'done', attempts: 1, ambiguous: 0 });
  expect(await asked).toEqual(joined);
  expect(fresh).toMatchObject({ state: 'done' });
  expect((await vendor.totals()).calls).toBe(2);
});

test('closes the vendor’s connection within 5 s of a cancel that reaches only the ledger', async () => {
  vendor = await startSimulator();
  await vendor.script({ times: 2, then: { type: 'hang', after: 'piece' } });
  const gateway = await started();
  const ask = workerAt(gateway);
  const [cancelled, ended] = [await makeRun(ledger.database), await makeRun(ledger.database)];
  const states = Promise.all([ask(makeCall(cancelled, 'draft')), ask(makeCall(ended, 'draft'))]);
  await until(
    'both are at the vendor',
    async () => (await sentNow(cancelled)) + (await sentNow(ended)) === 2,
  );
  await until('both have said something', async () =>
    (await vendor.ledger()).every(({ firstByteAt }) => firstByteAt !== null),
  );
  const since = Date.now();
  await ledger.database.query('UPDATE runs SET cancel_requested = true WHERE id = $1', [cancelled]);
  await ledger.database.query('UPDATE runs SET finished_at = now() WHERE id = $1', [ended]);
  await until('both connections are closed', async () =>
    (await vendor.ledger()).every(({ closedByClient }) => closedByClient),
  );
  expect(Date.now() - since).toBeLessThan(5_000);
  expect(await states).toEqual([{ state: 'cancelled' }, { state: 'cancelled' }]);
});
