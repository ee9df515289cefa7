import type { JournalEntry } from '../../src/contract/journal';
import { countOtherEntries, writeEnd, writeEntries } from '../../src/ledger/journal';
import type { ApprovalRow } from '../../src/ledger/journal-approvals';
import { testDatabase, type TestDatabase } from '../support/database';
import { insertRun } from '../support/run-row';
import { at, ended, entry, finished, started } from './support/entries';

let ledger: TestDatabase;
beforeAll(async () => {
  ledger = await testDatabase('embedded');
});
afterAll(() => ledger.close());

const newRun = () => insertRun(ledger.database);
const write = (run: string, entries: JournalEntry[], temporalRun = 't1') =>
  writeEntries(ledger.database, { tenant: 'default', run, journal: { temporalRun, entries } });
const events = async (run: string) =>
  (
    await ledger.database.query<{ seq: number; type: string }>(
      'SELECT seq, type FROM run_events WHERE run = $1 ORDER BY seq',
      [run],
    )
  ).rows;
const stepOf = async (run: string, path: string) =>
  (
    await ledger.database.query<{ status: string; output_json: string }>(
      'SELECT * FROM steps WHERE run = $1 AND path = $2',
      [run, path],
    )
  ).rows[0];

test('numbers events 1, 2, 3 … however the entries arrive', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a'), finished(2, 'a')]);
  await write(run, [started(3, 'b')]);
  expect(await events(run)).toEqual([
    { seq: 1, type: 'step.started' },
    { seq: 2, type: 'step.finished' },
    { seq: 3, type: 'step.started' },
  ]);
});

test('writes an entry once, whoever carries it again', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a')]);
  await write(run, [started(1, 'a'), finished(2, 'a')]);
  await write(run, [started(1, 'a'), finished(2, 'a')]);
  expect((await events(run)).map(({ seq }) => seq)).toEqual([1, 2]);
});

test('writes each entry once when twenty carriers come at the same time, without a gap in the numbers', async () => {
  const run = await newRun();
  const entries = Array.from({ length: 10 }, (_, index) => started(index + 1, `s${String(index)}`));
  await Promise.all(Array.from({ length: 20 }, (_, index) => write(run, entries.slice(0, 1 + (index % 10)))));
  await write(run, entries);
  expect((await events(run)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('counts what a workflow task says that is kept, not what one said that was not', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a'), finished(2, 'a', 'too soon'), started(3, 'b')]);
  // Carried out again, with other news: the same numbers say something else.
  await write(run, [started(1, 'a'), started(2, 'b')]);
  await write(run, [started(2, 'b'), finished(3, 'a', 'in time')]);
  const { rows } = await ledger.database.query<{ entry: number; type: string; step: string }>(
    'SELECT entry, type, step FROM run_events WHERE run = $1 AND NOT superseded ORDER BY entry',
    [run],
  );
  expect(rows.map(({ entry: n, type, step }) => `${String(n)} ${type} ${step}`)).toEqual([
    '1 step.started a',
    '2 step.started b',
    '3 step.finished a',
  ]);
  expect(await stepOf(run, 'a')).toMatchObject({ output_json: '{"inline":"in time"}' });
  expect((await events(run)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
});

test('takes back what one that was not kept said under numbers that a child has counted since', async () => {
  const run = await newRun();
  await write(run, [started(1, 'child'), finished(2, 'child', 'too soon'), started(3, 'b')]);
  const kept = { ...finished(4, 'child', 'in time'), skipped: [{ first: 2, last: 3 }] };
  await write(run, [started(1, 'child'), kept]);
  await write(run, [kept, started(5, 'b')]);
  const { rows } = await ledger.database.query<{ entry: number }>(
    'SELECT entry FROM run_events WHERE run = $1 AND NOT superseded ORDER BY entry',
    [run],
  );
  expect(rows.map((row) => row.entry)).toEqual([1, 4, 5]);
  expect(await stepOf(run, 'child')).toMatchObject({ output_json: '{"inline":"in time"}' });
});

test('does not turn a finished step back when a late duplicate says that it started', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a'), finished(2, 'a')]);
  await write(run, [started(1, 'a')]);
  expect(await stepOf(run, 'a')).toMatchObject({ status: 'completed', output_json: '{"inline":"text"}' });
});

test('keeps NUL and lone surrogates of an output', async () => {
  const run = await newRun();
  await write(run, [finished(1, 'a', 'nul \u0000 and \ud800')]);
  const { output_json: json = '' } = (await stepOf(run, 'a')) ?? {};
  expect(JSON.parse(json)).toEqual({ inline: 'nul \u0000 and \ud800' });
});

const approval: ApprovalRow = {
  id: 'apr_1',
  workflowId: 'w',
  kind: 'approval',
  path: 'sign-off',
  title: 'Publish?',
  risk: 'high',
  status: 'pending',
  reason: null,
  digest: 'd1',
  allow: ['approve', 'reject'],
  content: '{"inline":"text"}',
  schemaAt: null,
  manifest: 'm',
  requestedAt: at,
  dueAt: null,
};
const waiting = (n: number) =>
  entry(n, null, { type: 'run.status', data: { status: 'waiting', reason: 'approval', activeMs: 7 } });

test('shows a pending approval together with the waiting run', async () => {
  const run = await newRun();
  const journal = { temporalRun: 't1', entries: [waiting(1)] };
  await writeEntries(ledger.database, {
    tenant: 'default',
    run,
    journal,
    approval: { ...approval, id: 'apr_w' },
  });
  const { rows } = await ledger.database.query(
    `SELECT r.status, r.status_reason, r.active_ms, a.status AS approval FROM runs r JOIN approvals a ON a.run = r.id WHERE r.id = $1`,
    [run],
  );
  expect(rows).toEqual([{ status: 'waiting', status_reason: 'approval', active_ms: 7, approval: 'pending' }]);
});

test('closes an approval once: the first decision stays', async () => {
  const run = await newRun();
  const row = { ...approval, id: 'apr_d' };
  await writeEntries(ledger.database, {
    tenant: 'default',
    run,
    journal: { temporalRun: 't1', entries: [waiting(1)] },
    approval: row,
  });
  const decided = (n: number, by: string, status: 'approved' | 'rejected') =>
    entry(n, 'sign-off', {
      type: 'approval.decided',
      data: { approval: 'apr_d', status, decision: 'approve', by, comment: null, via: 'api', content: null },
    });
  await write(run, [decided(2, 'ada', 'approved')]);
  await write(run, [decided(3, 'bob', 'rejected')]);
  const { rows } = await ledger.database.query(
    `SELECT a.status, d.by_user FROM approvals a JOIN decisions d ON d.approval = a.id WHERE a.id = 'apr_d'`,
  );
  expect(rows).toEqual([{ status: 'approved', by_user: 'ada' }]);
});

test('opens an approval again whose end was not kept, and takes the decision that came instead', async () => {
  const run = await newRun();
  await writeEntries(ledger.database, {
    tenant: 'default',
    run,
    journal: { temporalRun: 't1', entries: [waiting(1)] },
    approval: { ...approval, id: 'apr_k' },
  });
  const decided = (n: number, by: string) =>
    entry(n, 'sign-off', {
      type: 'approval.decided',
      data: {
        ...{ approval: 'apr_k', status: 'rejected', decision: 'reject', by },
        ...{ comment: 'A \u0000.', via: 'api', content: null },
      },
    });
  const seen = async (): Promise<unknown[]> => {
    const { rows } = await ledger.database.query<object>(
      `SELECT a.status, d.by_user, d.superseded FROM approvals a LEFT JOIN decisions d ON d.approval = a.id
       WHERE a.id = 'apr_k' ORDER BY d.n`,
    );
    return rows;
  };
  await write(run, [entry(2, 'sign-off', { type: 'approval.expired', data: { approval: 'apr_k' } })]);
  await write(run, [decided(2, 'ada')]);
  expect(await seen()).toEqual([{ status: 'rejected', by_user: 'ada', superseded: false }]);
  await write(run, [started(2, 'b')]);
  expect(await seen()).toEqual([{ status: 'pending', by_user: 'ada', superseded: true }]);
  await write(run, [decided(3, 'bob')]);
  expect(await seen()).toEqual([
    { status: 'rejected', by_user: 'ada', superseded: true },
    { status: 'rejected', by_user: 'bob', superseded: false },
  ]);
}, 30_000);

test('withdraws what is still pending when the run ends, and appends nothing after the end', async () => {
  const run = await newRun();
  const row = { ...approval, id: 'apr_e' };
  await writeEntries(ledger.database, {
    tenant: 'default',
    run,
    journal: { temporalRun: 't1', entries: [waiting(1)] },
    approval: row,
  });
  await write(run, [ended(2, 'cancelled')]);
  await write(run, [started(3, 'late')]);
  expect(await events(run)).toEqual([
    { seq: 1, type: 'run.status' },
    { seq: 2, type: 'approval.decided' },
    { seq: 3, type: 'run.finished' },
  ]);
  const { rows } = await ledger.database.query(`SELECT status FROM approvals WHERE id = 'apr_e'`);
  expect(rows).toEqual([{ status: 'cancelled' }]);
  const closed = await ledger.database.query('SELECT status, output_json FROM runs WHERE id = $1', [run]);
  expect(closed.rows).toEqual([{ status: 'cancelled', output_json: '{"inline":"end"}' }]);
});

test('tells before the end of the steps that it leaves, the innermost first', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a'), started(2, 'a.b'), started(3, 'a.c')]);
  await write(run, [finished(4, 'a.b'), started(5, 'a.d'), started(6, 'a.d.e'), ended(7, 'cancelled')]);
  const { rows } = await ledger.database.query<{ step: string | null; data: Buffer; with_entry: number }>(
    'SELECT step, data, with_entry FROM run_events WHERE run = $1 AND seq > 6 ORDER BY seq',
    [run],
  );
  const left = { type: 'agent', status: 'cancelled', output: { inline: null }, decision: null, error: null };
  expect(rows.slice(0, -1).map(({ step, data }) => [step, JSON.parse(data.toString()) as unknown])).toEqual(
    ['a.d.e', 'a.d', 'a.c', 'a'].map((path) => [path, { ...left, id: path, stateVersion: 0 }]),
  );
  expect(rows.map((row) => row.with_entry)).toEqual([7, 7, 7, 7, null]);
  expect((await events(run)).at(-1)).toEqual({ seq: 11, type: 'run.finished' });
  for (const path of ['a', 'a.c', 'a.d', 'a.d.e'])
    expect(await stepOf(run, path)).toMatchObject({ status: 'cancelled' });
});

test('tells of no step twice that a child finishes while the run ends', async () => {
  const server = await testDatabase('server');
  try {
    for (let round = 0; round < 20; round++) {
      const run = await insertRun(server.database);
      const paths = ['a', 'b', 'c', 'd'];
      const journal = { temporalRun: 't1', entries: [...paths.map((path, n) => started(n + 1, path))] };
      await writeEntries(server.database, { tenant: 'default', run, journal });
      const byChild = paths.map((path) => ({
        ...{ temporalRun: 't1', entries: [finished(9, path)] },
        child: { id: path, path, first: 9 },
      }));
      const end = { temporalRun: 't1', entries: [ended(5, 'cancelled')] };
      await Promise.all(
        [...byChild, end].map((one) =>
          writeEntries(server.database, { tenant: 'default', run, journal: one }),
        ),
      );
      const { rows } = await server.database.query<{ seq: number; step: string | null }>(
        `SELECT seq, step FROM run_events WHERE run = $1 AND seq > 4 ORDER BY seq`,
        [run],
      );
      expect(rows.map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9]);
      expect(rows.map(({ step }) => step).sort()).toEqual([...paths, null]);
      expect(rows.at(-1)?.step).toBeNull();
    }
  } finally {
    await server.close();
  }
});

test('counts what is written beside a batch, by which a gap is known', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a'), started(3, 'c')]);
  const journal = { temporalRun: 't1', entries: [started(3, 'c'), ended(4)] };
  const count = (expected: number) =>
    countOtherEntries(ledger.database, { tenant: 'default', run, journal }, expected);
  expect(await count(2)).toBe(1);
  // More of them than there are: what is behind the end was never kept.
  await write(run, [started(6, 'd'), started(7, 'e')]);
  expect([await count(1), await count(1)]).toEqual([1, 1]);
});

test('writes an end with one statement where all is told and no call is open, and nothing where not', async () => {
  const run = await newRun();
  await write(run, [started(1, 'a')]);
  const journal = { temporalRun: 't1', entries: [finished(2, 'a'), ended(3)] };
  const end = (others: number, temporalRun = 't1') =>
    writeEnd(ledger.database, { tenant: 'default', run, journal: { ...journal, temporalRun } }, others);
  const state = async () => [(await events(run)).length, (await stepOf(run, 'a'))?.status];
  expect([await end(2), await end(0), await end(1, 'another')]).toEqual([false, false, false]);
  await ledger.database.query(
    `INSERT INTO calls (tenant, run, key, hash, temporal_run, path, agent, model, vendor, budgets, state, request_hash, cap)
     VALUES ('default', $1, 'k', 'h', 't1', 'a', 'writer', 'm', 'v', '{run}', 'sent', 'h', 1)`,
    [run],
  );
  expect(await end(1)).toBe(false);
  expect(await state()).toEqual([1, 'running']);
  await ledger.database.query(`UPDATE calls SET state = 'done' WHERE run = $1`, [run]);
  expect(await end(1)).toBe(true);
  expect(await state()).toEqual([3, 'completed']);
});
