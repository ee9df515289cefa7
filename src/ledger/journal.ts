import type { JournalChild } from '../contract/journal';
import { pathOfChild, type WrittenEntries } from '../contract/workflow';
import type { Database } from './database';
import { statementOf, type JournalWrite } from './journal-statement';
import { countBeside } from './statement-parts';
import { makeRoom, supersede } from './supersede';
import { takeBackNumbers, takeBackUnkept } from './take-back';

const uniqueViolation = '23505';
/** Of Postgres' `int`. */
const numberMax = 2 ** 31 - 1;

export type Written =
  | { type: 'written' }
  /** The run is closed: nothing is appended. */
  | { type: 'closed' }
  /** The ledger knows another Temporal run as the newest: this one is newer, or it was replaced. */
  | { type: 'elsewhere'; current: string };

/**
 * Writes entries as events of the run, each once, and what they say about the run, its steps and its
 * approvals: one statement, so that whoever sees an event sees its effect. Event numbers are given
 * out under the lock of the run's row, which makes their order the order of commit. The first entries
 * of a Temporal run that came from a reset mark what they replace.
 */
export async function writeEntries(database: Database, write: JournalWrite): Promise<Written> {
  const { entries, child } = write.journal;
  if (entries.length === 0 && write.approval === undefined) return { type: 'written' };
  const skipped = entries.flatMap((entry) => entry.skipped ?? []);
  if (skipped.length > 0) await takeBackNumbers(database, write, skipped);
  if (child !== undefined) {
    if (entries.some(({ n }) => n === child.first)) await replaceChild(database, write, child);
    return (await isTaken(database, write, statementOf(write))) ? { type: 'written' } : { type: 'closed' };
  }
  for (let whilePending = false; ;) {
    if (await isTaken(database, write, statementOf(write, { whilePending }))) return { type: 'written' };
    const state = await settlePlace(database, write);
    if (state.type !== 'open') return state;
    whilePending = state.resetPending;
  }
}

/**
 * Writes a run's end if nothing stands in its way: beside the batch so many entries count as there must
 * be, no call is open, and no reset is to be settled. Else it writes nothing, and answers false.
 */
export async function writeEnd(database: Database, write: JournalWrite, others: number): Promise<boolean> {
  if (write.journal.entries.some((entry) => entry.skipped !== undefined)) return false;
  return await isTaken(database, write, statementOf(write, { others }));
}

/**
 * Whether a run's journal can take a batch. Where a reset isn't settled yet, that is done first, unless
 * the entries are of before it: they tell nothing of its point, and make only room for themselves.
 */
export async function settlePlace(
  database: Database,
  write: JournalWrite,
): Promise<Exclude<Written, { type: 'written' }> | { type: 'open'; resetPending: boolean }> {
  const { tenant, run, journal } = write;
  const place = await readPlace(database, tenant, run);
  const executor = write.executor ?? journal.temporalRun;
  if (place.temporalRun !== null && place.temporalRun !== executor)
    return { type: 'elsewhere', current: place.temporalRun };
  if (place.closed) return { type: 'closed' };
  if (!place.resetPending) return { type: 'open', resetPending: false };
  if (executor === journal.temporalRun) {
    await supersede(database, { tenant, run, temporalRun: executor, written: writtenBefore(write) });
    return { type: 'open', resetPending: false };
  }
  const entries = journal.entries.map((entry) => entry.n);
  await makeRoom(database, { tenant, run, temporalRun: executor, entries });
  return { type: 'open', resetPending: true };
}

/** Whether the run's row took the batch. */
async function isTaken(
  database: Database,
  write: JournalWrite,
  { sql, parameters }: { sql: string; parameters: unknown[] },
): Promise<boolean> {
  for (;;) {
    try {
      return (await database.query(sql, parameters)).rowCount === 1;
    } catch (error) {
      // Somebody wrote one of the same entries while this statement waited for the run's row, whose
      // snapshot is older than that; or something else stands under its number. Once more without that.
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== uniqueViolation || constraint !== 'run_events_once') throw error;
      await takeBackUnkept(database, write);
    }
  }
}

/**
 * Takes back what an earlier start of the same child wrote, before a reset of the workflow that waits
 * for it, and what its own children did: their events are marked, and their steps are told anew.
 */
async function replaceChild(
  database: Database,
  { tenant, run }: JournalWrite,
  { id, path: key }: JournalChild,
): Promise<void> {
  // Nearly always there is none, and what follows takes its time in a run with many children.
  const { rowCount } = await database.query(
    `SELECT FROM run_events
     WHERE tenant = $1 AND run = $2 AND child_path = $4 AND child <> $3 AND NOT superseded LIMIT 1`,
    [tenant, run, id, key],
  );
  if (rowCount === 0) return;
  await database.query(
    `WITH RECURSIVE
       children AS (
         SELECT DISTINCT child, child_path AS key FROM run_events
         WHERE tenant = $1 AND run = $2 AND child <> $3 AND NOT superseded),
       begun AS MATERIALIZED (
         SELECT child, step FROM run_events
         WHERE tenant = $1 AND run = $2 AND child IS NOT NULL AND type = 'step.started'
         UNION ALL
         SELECT child, key FROM children WHERE strpos(key, '/') = 0),
       earlier AS (
         SELECT child FROM run_events
         WHERE tenant = $1 AND run = $2 AND child_path = $4 AND child <> $3 AND NOT superseded
         UNION
         SELECT children.child FROM earlier JOIN begun USING (child)
         JOIN children ON split_part(children.key, '/', 1) = begun.step),
       replaced AS (
         UPDATE run_events SET superseded = true
         WHERE tenant = $1 AND run = $2 AND NOT superseded AND child IN (SELECT child FROM earlier)
         RETURNING step)
     DELETE FROM steps WHERE tenant = $1 AND run = $2 AND path <> $5 AND path = ANY (ARRAY(SELECT step FROM replaced))`,
    [tenant, run, id, key, pathOfChild(key)],
  );
}

/** What was written before the entries of a batch. */
function writtenBefore({ journal: { entries, written } }: JournalWrite): WrittenEntries {
  return written ?? { upTo: Math.min(...entries.map((entry) => entry.n)) - 1, beyond: [] };
}

/** Where a run's journal stands. */
interface Place {
  temporalRun: string | null;
  closed: boolean;
  resetPending: boolean;
}

async function readPlace(database: Database, tenant: string, run: string): Promise<Place> {
  const { rows } = await database.query<Place>(
    `SELECT temporal_run AS "temporalRun", finished_at IS NOT NULL AS closed, reset_pending AS "resetPending"
     FROM runs WHERE tenant = $1 AND id = $2`,
    [tenant, run],
  );
  if (rows[0] === undefined) throw new Error(`There is no run ${run}.`);
  return rows[0];
}

/**
 * How many entries of a run count, beside those of the batch: those of all its Temporal runs that no
 * reset has taken back. Are they more than expected, what stands behind the batch was told by a workflow
 * task that was not kept, and is taken back.
 */
export async function countOtherEntries(
  database: Database,
  write: JournalWrite,
  expected: number,
): Promise<number> {
  const count = await countEntriesBeside(database, write);
  const last = write.journal.entries.at(-1)?.n;
  if (count <= expected || last === undefined) return count;
  await takeBackNumbers(database, write, [{ first: last + 1, last: numberMax }]);
  return await countEntriesBeside(database, write);
}

async function countEntriesBeside(
  database: Database,
  { tenant, run, journal }: JournalWrite,
): Promise<number> {
  const { rows } = await database.query<{ count: number }>(countBeside({ tenant: '$1', run: '$2' }, '$3'), [
    tenant,
    run,
    journal.entries.map((entry) => entry.n),
  ]);
  return rows[0]?.count ?? 0;
}
