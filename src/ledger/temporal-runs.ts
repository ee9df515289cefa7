import type { Database } from './database';

/** One execution in Temporal, of the several that a run may have. */
export interface TemporalRun {
  id: string;
  origin: 'started' | 'continued' | 'reset';
  /** What it goes on from. */
  base: string | null;
}

interface TakeUp {
  tenant: string;
  run: string;
  /** The newest that the ledger knew. */
  from: string | null;
  /** What came after it, the newest last. */
  chain: readonly TemporalRun[];
}

/**
 * Makes the newest Temporal run the one whose entries count. Where a reset is among what came, the
 * run is open again: its end is taken back, `run.status` says so, and what was written after the
 * point of the reset is marked as soon as that point is known. False where somebody else has done it
 * or the ledger knows another by now; then nothing is changed.
 */
export async function takeUp(database: Database, { tenant, run, from, chain }: TakeUp): Promise<boolean> {
  const newest = chain.at(-1);
  if (newest === undefined || newest.id === from) return false;
  const isReset = chain.some(({ origin }) => origin === 'reset');
  const { rowCount } = await database.query(
    `WITH taken AS (
       UPDATE runs r SET ${(isReset ? [...always, ...opened] : always).join(', ')}
       WHERE r.tenant = $1 AND r.id = $2 AND r.temporal_run IS NOT DISTINCT FROM $3::text
       RETURNING r.last_seq, r.active_ms),
     ${isReset ? toldPart : ''}
     past AS (
       UPDATE temporal_runs t SET closed_at = now() FROM taken
       WHERE t.tenant = $1 AND t.run = $2 AND t.closed_at IS NULL),
     known AS (
       INSERT INTO temporal_runs (tenant, run, id, origin, base, closed_at)
       SELECT $1, $2, c.id, c.origin, c.base, CASE WHEN c.id <> $4 THEN now() END
       FROM unnest($5::text[], $6::text[], $7::text[]) AS c (id, origin, base), taken
       ON CONFLICT DO NOTHING)
     SELECT FROM taken`,
    [
      ...[tenant, run, from, newest.id],
      ...[chain.map(({ id }) => id), chain.map(({ origin }) => origin), chain.map(({ base }) => base)],
    ],
  );
  return rowCount === 1;
}

const always = [
  'temporal_run = $4::text',
  'start_pending = false',
  'checked_at = NULL',
  'missing_since = NULL',
];
const opened = [
  "status = 'running'",
  "status_reason = 'reset'",
  'finished_at = NULL',
  'output_json = NULL',
  'incomplete_json = NULL',
  'error_json = NULL',
  'cancel_requested = false',
  'cancel_reason = NULL',
  'cancel_requested_at = NULL',
  'active_since = coalesce(r.active_since, now())',
  'reset_pending = true',
  'last_seq = r.last_seq + 1',
];
const toldPart = `told AS (
       INSERT INTO run_events (tenant, run, seq, type, at, data)
       SELECT $1, $2, last_seq, 'run.status', now(),
         convert_to(json_build_object('status', 'running', 'reason', 'reset', 'activeMs', active_ms)::text, 'UTF8')
       FROM taken),`;

/** The Temporal runs of a run, the oldest first, with what is known of their histories. */
export async function readTemporalRuns(
  database: Database,
  tenant: string,
  run: string,
): Promise<{ id: string; stored: boolean }[]> {
  const { rows } = await database.query<{ id: string; stored: boolean }>(
    `SELECT id, history IS NOT NULL AS stored FROM temporal_runs
     WHERE tenant = $1 AND run = $2 ORDER BY position`,
    [tenant, run],
  );
  return rows;
}

/** Those of several runs that others have followed. */
export async function readPast(
  database: Database,
  runs: readonly string[],
): Promise<{ run: string; id: string }[]> {
  const { rows } = await database.query<{ run: string; id: string }>(
    `SELECT t.run, t.id FROM temporal_runs t JOIN runs r ON r.tenant = t.tenant AND r.id = t.run
     WHERE t.run = ANY ($1::text[]) AND t.id <> r.temporal_run`,
    [runs],
  );
  return rows;
}
