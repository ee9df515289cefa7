import type { JournalEntry } from '../../src/contract/journal';
import type { RunEnd } from '../../src/contract/workflow';
import { writeEntries } from '../../src/ledger/journal';
import { openReactor, takeBatch, takeEarlier } from '../../src/ledger/reactors';
import { insertEvent, settleEvent, takePending } from '../../src/ledger/received-events';
import { endRun } from '../../src/ledger/run-endings';
import { insertSubscription, takeFor } from '../../src/ledger/subscriptions';
import { testDatabase, type TestDatabase } from '../support/database';
import { insertRun } from '../support/run-row';
import { entry } from './support/entries';

let ledger: TestDatabase;
beforeAll(async () => {
  ledger = await testDatabase('embedded');
});
afterAll(() => ledger.close());

const tenant = 'default';
const nothing = { output: { inline: null }, incomplete: [], error: null, reason: null };

let numbers = 0;
const newRun = () => insertRun(ledger.database);
async function signal(run: string): Promise<string> {
  const id = `evt-${String(++numbers)}`;
  const event = { tenant, id, type: 'paid', source: '/tests', run, hops: 0, event: { inline: null } };
  await insertEvent(ledger.database, event);
  return id;
}
const settle = (id: string) => settleEvent(ledger.database, { tenant, id }, null);
const fateOf = async (id: string) => {
  const { rows } = await ledger.database.query<{ fate: string }>(
    `SELECT status || coalesce(' ' || reason, '') AS fate FROM received_events WHERE id = $1`,
    [id],
  );
  return rows[0]?.fate;
};
const write = (run: string, entries: JournalEntry[]) =>
  writeEntries(ledger.database, { tenant, run, journal: { temporalRun: 't1', entries } });
const finish = (run: string, status: RunEnd) =>
  write(run, [entry(1, null, { type: 'run.finished', data: { ...nothing, status, activeMs: 1 } })]);

const ends: [string, (run: string) => Promise<unknown>][] = [
  ['completes', (run) => finish(run, 'completed')],
  ['fails', (run) => finish(run, 'failed')],
  ['is cancelled', (run) => finish(run, 'cancelled')],
  [
    'is ended for its workflow',
    (run) => endRun(ledger.database, { tenant, run, temporalRun: null }, { ...nothing, status: 'failed' }),
  ],
];

test.each(ends)('an event that a run keeps is a dead letter when the run %s', async (_, end) => {
  const [run, other] = [await newRun(), await newRun()];
  const [kept, underWay, elsewhere] = [await signal(run), await signal(run), await signal(other)];
  await settle(kept);
  await settle(elsewhere);
  expect([await fateOf(kept), await fateOf(underWay)]).toEqual(['kept', 'pending']);
  await end(run);
  for (const id of [kept, underWay]) expect(await fateOf(id)).toBe('dead unmatched');
  expect(await fateOf(elsewhere)).toBe('kept');
  const late = await signal(run);
  await settle(late);
  expect(await fateOf(late)).toBe('dead unmatched');
});

test.each(ends)('an event that a step has taken is delivered when the run %s', async (_, end) => {
  const run = await newRun();
  const [used, underWay] = [await signal(run), await signal(run)];
  await settle(used);
  const step = { tenant, run, workflowId: run, types: ['paid'], fits: null, names: {} };
  for (const [path, event] of Object.entries({ first: used, second: underWay })) {
    await insertSubscription(ledger.database, { ...step, path });
    await takeFor(ledger.database, { tenant, event, told: true }, [{ run, path }]);
  }
  await end(run);
  await settle(underWay);
  expect([await fateOf(used), await fateOf(underWay)]).toEqual(['delivered', 'delivered']);
});

test('events that wait for their turn at a step of a run that was terminated are delivered once more', async () => {
  const run = await newRun();
  const [first, second] = [await signal(run), await signal(run)];
  await settle(first);
  await settle(second);
  const step = { tenant, run, path: 'root' };
  await openReactor(ledger.database, { ...step, workflowId: run, types: ['paid'] });
  await takeEarlier(ledger.database, { ...step, types: ['paid'] });
  const batch = await takeBatch(ledger.database, step, { batch: 1, room: 1 });
  expect(batch.map(({ id }) => id)).toEqual([first]);
  expect([await fateOf(first), await fateOf(second)]).toEqual(['delivered', 'delivered']);
  await endRun(ledger.database, { tenant, run, temporalRun: null }, { ...nothing, status: 'failed' });
  expect([await fateOf(first), await fateOf(second)]).toEqual(['delivered', 'pending']);
  const taken = await takePending(ledger.database, { olderThanSeconds: 3600, limit: 10 });
  expect(taken.map(({ id }) => id)).toEqual([second]);
  await settle(second);
  expect(await fateOf(second)).toBe('dead unmatched');
});
