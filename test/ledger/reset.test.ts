import type { JournalEntry } from '../../src/contract/journal';
import type { WrittenEntries } from '../../src/contract/workflow';
import { readApproval } from '../../src/ledger/approvals-reading';
import { countOtherEntries, writeEntries } from '../../src/ledger/journal';
import type { ApprovalRow } from '../../src/ledger/journal-approvals';
import { readDecision, readDecisionFacts } from '../../src/ledger/recorded-decision';
import { readRun, readSteps } from '../../src/ledger/run-reading';
import { requestCancel } from '../../src/ledger/runs';
import { supersede } from '../../src/ledger/supersede';
import { readTemporalRuns, takeUp } from '../../src/ledger/temporal-runs';
import { testDatabase, type TestDatabase } from '../support/database';
import { insertRun } from '../support/run-row';
import { at, ended, entry, finished, started } from './support/entries';

let ledger: TestDatabase;
beforeAll(async () => {
  ledger = await testDatabase('embedded');
});
afterAll(() => ledger.close());

const tenant = 'default';
const begun = entry(1, null, { type: 'run.started', data: { plan: { name: 'p', version: '1.0.0' } } });
const waiting = (n: number) =>
  entry(n, null, { type: 'run.status', data: { status: 'waiting', reason: 'approval', activeMs: 7 } });
const upTo = (n: number): WrittenEntries => ({ upTo: n, beyond: [] });

/** A run whose first Temporal run is `r1`, and what is done to it. */
async function newRun() {
  const id = await insertRun(ledger.database);
  await ledger.database.query(
    `INSERT INTO budgets (tenant, run, id, limit_nano) VALUES ('default', $1, 'run', 1)`,
    [id],
  );
  const write = (
    temporalRun: string,
    entries: JournalEntry[],
    rest: { executor?: string; approval?: ApprovalRow; written?: WrittenEntries } = {},
  ) => {
    const { written, ...more } = rest;
    const journal = { temporalRun, entries, ...(written === undefined ? {} : { written }) };
    return writeEntries(ledger.database, { tenant, run: id, journal, ...more });
  };
  return {
    id,
    write,
    reset: (from: string, to: string, base = from) =>
      takeUp(ledger.database, { tenant, run: id, from, chain: [{ id: to, origin: 'reset', base }] }),
    continue: (from: string, to: string) =>
      takeUp(ledger.database, {
        tenant,
        run: id,
        from,
        chain: [{ id: to, origin: 'continued', base: from }],
      }),
    row: () => readRun(ledger.database, tenant, id),
    steps: async () =>
      (await readSteps(ledger.database, tenant, id)).map(({ path, status, output }) => ({
        path,
        status,
        output,
      })),
    /** Event types with the entries that count. */
    async counted() {
      const { rows } = await ledger.database.query<{ temporal_run: string; entry: number }>(
        `SELECT temporal_run, entry FROM run_events
         WHERE run = $1 AND entry IS NOT NULL AND NOT superseded ORDER BY entry`,
        [id],
      );
      return rows.map((row) => `${row.temporal_run}.${String(row.entry)}`);
    },
    async events() {
      const { rows } = await ledger.database.query<{ seq: number; type: string; data: Buffer }>(
        'SELECT seq, type, data FROM run_events WHERE run = $1 ORDER BY seq',
        [id],
      );
      return rows;
    },
  };
}

const twoSteps = [
  begun,
  started(2, 'a'),
  finished(3, 'a'),
  started(4, 'b'),
  finished(5, 'b', 'first b'),
  ended(6),
];

test('a reset opens a closed run again, says so as the next event, and closes it anew', async () => {
  const run = await newRun();
  await run.write('r1', twoSteps);
  expect(await run.row()).toMatchObject({ status: 'completed' });
  expect(await run.reset('r1', 'r2')).toBe(true);
  expect(await run.reset('r1', 'r2')).toBe(false);
  expect(await run.row()).toMatchObject({
    ...{ status: 'running', statusReason: 'reset', finishedAt: null, output: null, temporalRun: 'r2' },
  });
  expect((await run.events()).at(-1)).toMatchObject({ seq: 7, type: 'run.status' });
  await run.write('r2', [started(4, 'b'), finished(5, 'b', 'second b'), ended(6)], { written: upTo(3) });
  expect(await run.row()).toMatchObject({ status: 'completed', output: { inline: 'end' } });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r1.3', 'r2.4', 'r2.5', 'r2.6']);
  expect((await run.steps())[1]).toEqual({ path: 'b', status: 'completed', output: { inline: 'second b' } });
  const events = await run.events();
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)).toMatchObject({ type: 'run.finished' });
});

test('steps of after the point of the reset are gone until they run again', async () => {
  const run = await newRun();
  await run.write('r1', twoSteps);
  await run.reset('r1', 'r2');
  await supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r2', written: upTo(2) });
  expect(await run.steps()).toEqual([{ path: 'a', status: 'running', output: null }]);
  await run.write('r2', [finished(3, 'a', 'again')]);
  expect(await run.steps()).toEqual([{ path: 'a', status: 'completed', output: { inline: 'again' } }]);
});

test('a run that waited at the point of its reset waits again, without having written anything', async () => {
  const run = await newRun();
  await run.write('r1', [begun, started(2, 'a'), waiting(3)]);
  await run.write('r1', [
    entry(4, null, { type: 'run.status', data: { status: 'running', reason: null, activeMs: 8 } }),
  ]);
  await run.reset('r1', 'r2');
  await supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r2', written: upTo(3) });
  expect(await run.row()).toMatchObject({ status: 'waiting', statusReason: 'approval' });
  const last = (await run.events()).at(-1);
  expect(JSON.parse(String(last?.data))).toEqual({ status: 'waiting', reason: 'approval', activeMs: 7 });
});

test('what a replaced execution still writes is refused, and what another wrote before its ledger knew is not lost', async () => {
  const run = await newRun();
  await run.write('r1', [begun, started(2, 'a')]);
  await run.reset('r1', 'r2');
  expect(await run.write('r1', [finished(3, 'a', 'late')])).toEqual({ type: 'elsewhere', current: 'r2' });
  expect(await run.write('r3', [finished(3, 'a', 'early')])).toEqual({ type: 'elsewhere', current: 'r2' });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2']);
});

test('an activity of before the reset that is carried out after it takes nothing back', async () => {
  const run = await newRun();
  await run.write('r1', [begun, started(2, 'a'), started(3, 'b'), finished(4, 'b')]);
  await run.reset('r1', 'r2');
  await run.write('r1', [begun, started(2, 'a')], { executor: 'r2' });
  expect(await run.counted()).toEqual(['r2.1', 'r2.2', 'r1.3', 'r1.4']);
  await run.write('r2', [finished(5, 'a')], { written: upTo(4) });
  expect(await run.counted()).toEqual(['r2.1', 'r2.2', 'r1.3', 'r1.4', 'r2.5']);
});

test('its own entries count, although it has not come back at the point of the reset', async () => {
  for (const first of ['activity', 'settling'] as const) {
    const run = await newRun();
    await run.write('r1', [begun, started(2, 'a'), started(3, 'b'), finished(4, 'b'), ended(5)]);
    await run.reset('r1', 'r2');
    const written = { upTo: 1, beyond: [3] };
    const settling = () => supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r2', written });
    if (first === 'settling') await settling();
    await run.write('r1', [begun, started(2, 'a')], { executor: 'r2' });
    if (first === 'activity') await settling();
    const begin = first === 'activity' ? 'r2.1' : 'r1.1';
    expect(await run.counted()).toEqual([begin, 'r2.2', 'r1.3']);
  }
});

test('it writes what never was written, once', async () => {
  const run = await newRun();
  await run.write('r1', [begun]);
  await run.reset('r1', 'r2');
  await run.write('r1', [started(2, 'a')], { executor: 'r2' });
  await run.write('r2', [started(2, 'a'), finished(3, 'a')], { written: upTo(1) });
  expect(await run.counted()).toEqual(['r1.1', 'r2.2', 'r2.3']);
});

test('after a continue-as-new everything counts', async () => {
  const run = await newRun();
  await run.write('r1', [begun, started(2, 'a'), finished(3, 'a')]);
  expect(await run.continue('r1', 'r2')).toBe(true);
  expect(await run.row()).toMatchObject({ status: 'running', statusReason: null, temporalRun: 'r2' });
  await run.write('r2', [started(4, 'b')]);
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r1.3', 'r2.4']);
  const journal = { temporalRun: 'r2', entries: [finished(5, 'b'), ended(6)] };
  expect(await countOtherEntries(ledger.database, { tenant, run: run.id, journal }, 4)).toBe(4);
  expect(await readTemporalRuns(ledger.database, tenant, run.id)).toEqual([
    { id: 'r1', stored: false },
    { id: 'r2', stored: false },
  ]);
});

test('a reset of an older execution brings back what that one had written', async () => {
  const run = await newRun();
  await run.write('r1', twoSteps);
  await run.reset('r1', 'r2');
  await run.write('r2', [finished(3, 'a', 'of r2'), started(4, 'c'), ended(5)], { written: upTo(2) });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r2.3', 'r2.4', 'r2.5']);
  await run.reset('r2', 'r3', 'r1');
  await run.write('r3', [finished(5, 'b', 'of r3'), ended(6)], { written: upTo(4) });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r1.3', 'r1.4', 'r3.5', 'r3.6']);
  expect(await run.steps()).toEqual([
    { path: 'a', status: 'completed', output: { inline: 'text' } },
    { path: 'b', status: 'completed', output: { inline: 'of r3' } },
  ]);
});

test('what was written out of order before the point of the reset counts', async () => {
  const run = await newRun();
  await run.write('r1', [begun, started(2, 'a'), started(4, 'c'), finished(5, 'c')]);
  await run.write('r1', [started(3, 'b'), finished(6, 'b')]);
  await run.reset('r1', 'r2');
  await run.write('r2', [started(3, 'b')], { written: { upTo: 2, beyond: [4, 5] } });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r2.3', 'r1.4', 'r1.5']);
  await run.write('r2', [finished(6, 'b'), ended(7)], { written: upTo(5) });
  await run.reset('r2', 'r3');
  await run.write('r3', [ended(7)], { written: upTo(6) });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r2.3', 'r1.4', 'r1.5', 'r2.6', 'r3.7']);
});

test('the wish to cancel ends with what it was meant for', async () => {
  const run = await newRun();
  await run.write('r1', [begun]);
  await requestCancel(ledger.database, { tenant, id: run.id }, 'no');
  await run.reset('r1', 'r2');
  const { rows } = await ledger.database.query(
    'SELECT cancel_requested, cancel_reason FROM runs WHERE id = $1',
    [run.id],
  );
  expect(rows).toEqual([{ cancel_requested: false, cancel_reason: null }]);
});

const approval = (run: string): ApprovalRow => ({
  ...{ id: `apr_${run}`, workflowId: run, kind: 'approval', path: 'pay', title: 'Pay?', risk: 'high' },
  ...{
    status: 'pending',
    reason: null,
    digest: 'd1',
    allow: ['approve', 'reject'],
    schemaAt: null,
    manifest: 'm',
    dueAt: null,
  },
  ...{ content: '{"inline":"ten"}', requestedAt: at },
});
const asked = (n: number, id: string, digest = 'd1') =>
  entry(n, 'pay', {
    type: 'approval.requested',
    data: { approval: id, kind: 'approval', title: 'Pay?', risk: 'high', dueAt: null, digest },
  });
const decided = (n: number, id: string, by = 'ada', status: 'approved' | 'rejected' = 'approved') =>
  entry(n, 'pay', {
    type: 'approval.decided',
    data: {
      ...{ approval: id, status, by, comment: null, via: 'api', content: null },
      decision: status === 'approved' ? 'approve' : 'reject',
    },
  });
const made = (n: number, by = 'ada') =>
  entry(n, 'pay', {
    type: 'decision.made',
    data: { kind: 'approval', agent: null, by, stateVersion: 0, decision: { inline: 'approve' } },
  });

async function decidedRun() {
  const run = await newRun();
  const row = approval(run.id);
  await run.write('r1', [begun, started(2, 'pay'), asked(3, row.id)], { approval: row });
  await run.write('r1', [decided(4, row.id), made(5)]);
  await run.write('r1', [ended(6)]);
  const temporalRun = 'r2';
  const again = async (n: number, digest: string) => {
    const asking = { tenant, approval: row.id, digest, temporalRun };
    const decision = await readDecision(ledger.database, asking);
    const of = { tenant, run: run.id, path: 'pay', approval: row.id };
    const kept = decision === null ? [] : await readDecisionFacts(ledger.database, of);
    await writeEntries(ledger.database, {
      ...{ tenant, run: run.id, approval: { ...row, digest }, kept },
      journal: { temporalRun, entries: [asked(n, row.id, digest)], written: upTo(n - 1) },
    });
    return decision;
  };
  return { run, row, again, read: () => readApproval(ledger.database, tenant, row.id) };
}

test('asked again the same, an approval is as it was decided, and the run’s events tell so', async () => {
  const { run, row, again, read } = await decidedRun();
  await run.reset('r1', 'r2');
  expect(await again(3, 'd1')).toMatchObject({ status: 'approved', by: 'ada' });
  expect(await read()).toMatchObject({ status: 'approved', decisions: [{ by: 'ada' }] });
  expect((await run.events()).map(({ type }) => type).slice(-3)).toEqual([
    'approval.requested',
    'approval.decided',
    'decision.made',
  ]);
  // A reset to after that question leaves it decided; one to before it takes that back with the question.
  await run.write('r2', [ended(4)]);
  await run.reset('r2', 'r3');
  await supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r3', written: upTo(3) });
  expect(await read()).toMatchObject({ id: row.id, status: 'approved', decisions: [{ by: 'ada' }] });
});

test('asked again by a workflow task whose first try was not kept, it is not decided, and nothing is told twice', async () => {
  const run = await newRun();
  const row = approval(run.id);
  const asking = [begun, started(2, 'pay'), asked(3, row.id)];
  await run.write('r1', asking, { approval: row });
  await run.write('r1', [decided(4, row.id), made(5)]);
  const of = { tenant, approval: row.id, digest: 'd1' };
  expect(await readDecision(ledger.database, { ...of, temporalRun: 'r1' })).toBeNull();
  expect(await readDecision(ledger.database, { ...of, temporalRun: 'r2' })).toMatchObject({ by: 'ada' });
  // Whoever decided is heard again, now after something else.
  await run.write('r1', asking, { approval: row });
  await run.write('r1', [started(4, 'b')]);
  await run.write('r1', [decided(5, row.id), made(6)]);
  expect(await readApproval(ledger.database, tenant, row.id)).toMatchObject({
    status: 'approved',
    decisions: [{ by: 'ada' }],
  });
  expect(await run.counted()).toEqual(['r1.1', 'r1.2', 'r1.3', 'r1.4', 'r1.5', 'r1.6']);
});

test('asked again with another content, it is open, and the old decision counts no more', async () => {
  const { run, row, again, read } = await decidedRun();
  await run.reset('r1', 'r2');
  expect(await again(3, 'd2')).toBeNull();
  expect(await read()).toMatchObject({ status: 'pending', digest: 'd2', decisions: [] });
  await run.write('r2', [decided(4, row.id, 'bob', 'rejected')]);
  expect(await read()).toMatchObject({ status: 'rejected', decisions: [{ by: 'bob', decision: 'reject' }] });
  const asking = { tenant, approval: row.id, temporalRun: 'r3' };
  expect(await readDecision(ledger.database, { ...asking, digest: 'd2' })).toMatchObject({
    status: 'rejected',
    by: 'bob',
  });
  expect(await readDecision(ledger.database, { ...asking, digest: 'd1' })).toBeNull();
});

test('reset to between question and decision, it is open again and can be decided once more', async () => {
  const { run, row, read } = await decidedRun();
  await run.reset('r1', 'r2');
  await supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r2', written: upTo(3) });
  expect(await read()).toMatchObject({ status: 'pending', decisions: [] });
  await run.write('r2', [decided(4, row.id, 'bob'), made(5, 'bob')]);
  expect(await read()).toMatchObject({ status: 'approved', decisions: [{ by: 'bob' }] });
});

test('an open question of after the point of the reset is void until it is asked again', async () => {
  const run = await newRun();
  const row = approval(run.id);
  await run.write('r1', [begun, started(2, 'pay'), asked(3, row.id)], { approval: row });
  await run.reset('r1', 'r2');
  await supersede(ledger.database, { tenant, run: run.id, temporalRun: 'r2', written: upTo(2) });
  expect(await readApproval(ledger.database, tenant, row.id)).toMatchObject({ status: 'voided' });
  await run.write('r2', [asked(3, row.id)], { approval: row });
  expect(await readApproval(ledger.database, tenant, row.id)).toMatchObject({ status: 'pending' });
});
