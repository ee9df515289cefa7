import { claimCall, readCall, registerCall, renewLeases, type OwnedCall } from '../../src/ledger/calls';
import { reclaimLost, reserveCall } from '../../src/ledger/reservations';
import { sendCall } from '../../src/ledger/sending';
import { settleCall } from '../../src/ledger/settlements';
import { testDatabase, type TestDatabase } from '../support/database';
import { makeRun, runBudget } from './support/gateway';

// The transitions of a row by themselves: under another fence none of them does anything.

let ledger: TestDatabase;

beforeAll(async () => {
  ledger = await testDatabase();
});

afterAll(async () => {
  await ledger.close();
});

const need = { nano: 1000, tokens: 10, cap: 5, capLowered: null, priceVersion: 'test' };
const leave = {
  gates: {
    credential: 'default',
    rate: { key: 'plan/a', perMinute: 100 },
    breaker: { failures: 3, cooldownMs: 60_000 },
  },
  started: { type: 'call.started', data: { call: 'k', agent: 'a', model: 'm', attempt: 1 } },
} as const;

async function registered(): Promise<OwnedCall> {
  const run = await makeRun(ledger.database, { limitNano: 1500 });
  const id = { tenant: 'default', run, key: `${run}/draft`, hash: 'h' };
  const row = await registerCall(ledger.database, {
    ...{ id, owner: 'first', temporalRun: 't', path: 'draft', agent: 'a', model: 'm', vendor: 'anthropic' },
    ...{ budgets: ['run'], request: { hash: 'r', body: Buffer.from('{}') }, cap: 5, simulated: false },
    selected: null,
  });
  if (row === null) throw new Error('It was not registered.');
  return { ...id, owner: 'first', fence: row.fence };
}

async function expire(call: OwnedCall): Promise<void> {
  await ledger.database.query(
    `UPDATE calls SET lease_until = now() - interval '9 seconds', lapsed_at = now() - interval '4 seconds' WHERE run = $1`,
    [call.run],
  );
}

async function reclaimed(call: OwnedCall): Promise<OwnedCall> {
  await reclaimLost(ledger.database, call.tenant, call.run);
  const row = await claimCall(ledger.database, call, 'second');
  if (row === null) throw new Error('It could not be claimed.');
  return { ...call, owner: 'second', fence: row.fence };
}

test('gives back what a dead gateway had reserved and not sent', async () => {
  const call = await registered();
  expect(await reserveCall(ledger.database, call, need)).toEqual({ type: 'reserved' });
  await expire(call);
  const taken = await reclaimed(call);
  expect(await runBudget(ledger.database, call.run)).toMatchObject({
    reserved_nano: 0,
    reserved_tokens: 0,
    reserved_calls: 0,
    used_calls: 0,
  });
  expect(await readCall(ledger.database, call)).toMatchObject({ state: 'registered', ambiguous: 0 });
  expect(await reserveCall(ledger.database, taken, need)).toEqual({ type: 'reserved' });
});

test('keeps what a dead gateway had sent reserved, so that the same again must fit beside it', async () => {
  const call = await registered();
  await reserveCall(ledger.database, call, need);
  await sendCall(ledger.database, call, leave);
  await expire(call);
  const taken = await reclaimed(call);
  expect(await readCall(ledger.database, call)).toMatchObject({ state: 'registered', ambiguous: 1 });
  expect(await runBudget(ledger.database, call.run)).toMatchObject({
    reserved_nano: 1000,
    reserved_calls: 0,
    used_calls: 1,
  });
  expect(await reserveCall(ledger.database, taken, need)).toMatchObject({ type: 'short' });
});

test('takes nothing from a gateway whose lease is alive', async () => {
  const call = await registered();
  await reserveCall(ledger.database, call, need);
  expect(await reclaimLost(ledger.database, call.tenant, call.run)).toEqual([]);
  expect(await claimCall(ledger.database, call, 'second')).toBeNull();
});

test('judges no gateway by the first look at its lease: where the ledger was away, every lease has run out', async () => {
  const call = await registered();
  await reserveCall(ledger.database, call, need);
  await sendCall(ledger.database, call, leave);
  await ledger.database.query(`UPDATE calls SET lease_until = now() - interval '1 minute' WHERE run = $1`, [
    call.run,
  ]);
  expect(await reclaimLost(ledger.database, call.tenant, call.run)).toEqual([]);
  expect(await reclaimLost(ledger.database, call.tenant, call.run)).toEqual([]);
  // A gateway that is alive renews before anybody looks for the second time in earnest.
  expect(await renewLeases(ledger.database, 'first', [call])).toHaveLength(1);
  await ledger.database.query(`UPDATE calls SET lease_until = now() - interval '1 second' WHERE run = $1`, [
    call.run,
  ]);
  expect(await reclaimLost(ledger.database, call.tenant, call.run)).toEqual([]);
  expect(await readCall(ledger.database, call)).toMatchObject({ state: 'sent', ambiguous: 0, fence: 1 });
  await ledger.database.query(`UPDATE calls SET lapsed_at = now() - interval '4 seconds' WHERE run = $1`, [
    call.run,
  ]);
  expect(await reclaimLost(ledger.database, call.tenant, call.run)).toMatchObject([
    { ambiguous: 1, fence: 2 },
  ]);
});

test('lets nothing be done under a fence that is past', async () => {
  const call = await registered();
  await reserveCall(ledger.database, call, need);
  await sendCall(ledger.database, call, leave);
  await expire(call);
  await reclaimed(call);
  const before = await runBudget(ledger.database, call.run);
  expect(await reserveCall(ledger.database, call, need)).toEqual({ type: 'lost' });
  expect(await sendCall(ledger.database, call, leave)).toEqual({ type: 'lost' });
  expect(await renewLeases(ledger.database, 'first', [call])).toEqual([]);
  const settled = await settleCall(ledger.database, call, {
    ...{
      state: 'failed',
      inputTokens: 1,
      outputTokens: 1,
      cachedTokens: 0,
      costNano: 500,
      attemptsJson: '[]',
    },
    ...{
      fault: 'timeout',
      faultMessage: '',
      retryInMs: null,
      waitCause: null,
      answer: null,
      event: null,
      vendor: null,
    },
  });
  expect(settled).toBeNull();
  expect(await runBudget(ledger.database, call.run)).toEqual(before);
});

test('appends no event to a run that has ended', async () => {
  const call = await registered();
  await ledger.database.query('UPDATE runs SET finished_at = now() WHERE id = $1', [call.run]);
  await reserveCall(ledger.database, call, need);
  expect(await sendCall(ledger.database, call, leave)).toMatchObject({
    type: 'sent',
    row: { state: 'sent' },
  });
  const { rows } = await ledger.database.query('SELECT 1 FROM run_events WHERE run = $1', [call.run]);
  expect(rows).toEqual([]);
});
