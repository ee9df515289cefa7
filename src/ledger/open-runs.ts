import type { RunStatus } from '../contract/workflow';
import type { Database } from './database';

/** A run as it stands in the ledger, to be compared with Temporal. */
export interface KnownRun {
  tenant: string;
  id: string;
  status: RunStatus;
  temporalRun: string | null;
  closed: boolean;
  resetPending: boolean;
  startPending: boolean;
  cancelRequested: boolean;
  /** Since when somebody wants it cancelled, in seconds. */
  cancelledFor: number | null;
  /** Since when Temporal doesn't know its workflow, in seconds. */
  missingFor: number | null;
}

const columns = `tenant, id, status, temporal_run AS "temporalRun", finished_at IS NOT NULL AS closed,
  reset_pending AS "resetPending", start_pending AS "startPending", cancel_requested AS "cancelRequested",
  extract(epoch FROM now() - cancel_requested_at)::float8 AS "cancelledFor",
  extract(epoch FROM now() - missing_since)::float8 AS "missingFor"`;

/** The runs among workflow ids, whichever tenant's they are. */
export async function readKnownRuns(database: Database, ids: readonly string[]): Promise<KnownRun[]> {
  const { rows } = await database.query<KnownRun>(`SELECT ${columns} FROM runs WHERE id = ANY ($1::text[])`, [
    ids,
  ]);
  return rows;
}

interface Due {
  /** How long one that works has to have been left alone, and one that only waits. */
  workingSeconds: number;
  waitingSeconds: number;
  limit: number;
}

/**
 * Open runs to look at in Temporal: those in trouble every time, the others when they are due, those
 * first that were left alone for longest.
 */
export async function readDueRuns(
  database: Database,
  { workingSeconds, waitingSeconds, limit }: Due,
): Promise<KnownRun[]> {
  const { rows } = await database.query<KnownRun>(
    `SELECT ${columns} FROM runs
     WHERE finished_at IS NULL AND NOT start_pending
       AND (status = 'stalled' OR reset_pending OR cancel_requested
         OR coalesce(checked_at, created_at) < now() - make_interval(secs =>
              CASE WHEN status = 'waiting' THEN $2::float8 ELSE $1::float8 END))
     ORDER BY (status = 'stalled' OR reset_pending OR cancel_requested) DESC, checked_at NULLS FIRST LIMIT $3`,
    [workingSeconds, waitingSeconds, limit],
  );
  return rows;
}

/** Notes that runs were looked at, and which of them Temporal did not know. */
export async function noteChecked(
  database: Database,
  ids: readonly string[],
  missing: readonly string[],
): Promise<void> {
  await database.query(
    `UPDATE runs SET checked_at = now(),
       missing_since = CASE WHEN id = ANY ($2::text[]) THEN coalesce(missing_since, now()) END
     WHERE id = ANY ($1::text[])`,
    [ids, missing],
  );
}

const told = (status: string, reason: string) => `told AS (
    INSERT INTO run_events (tenant, run, seq, type, at, data)
    SELECT $1, $2, last_seq, 'run.status', now(), convert_to(json_build_object('status', ${status},
      'reason', ${reason}, 'activeMs', active_ms)::text, 'UTF8') FROM changed)`;

/** Says of an open run that no worker can go on with it, and why. False where it stood so already. */
export async function stallRun(
  database: Database,
  { tenant, id, temporalRun }: Pick<KnownRun, 'tenant' | 'id' | 'temporalRun'>,
  reason: string,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `WITH changed AS (
       UPDATE runs SET status = 'stalled', status_reason = $4, last_seq = last_seq + 1,
         stalled_status = CASE WHEN status = 'stalled' THEN stalled_status ELSE status END,
         stalled_reason = CASE WHEN status = 'stalled' THEN stalled_reason ELSE status_reason END
       WHERE tenant = $1 AND id = $2 AND finished_at IS NULL AND temporal_run IS NOT DISTINCT FROM $3::text
         AND (status <> 'stalled' OR status_reason IS DISTINCT FROM $4)
       RETURNING last_seq, active_ms),
     ${told("'stalled'", '$4::text')}
     SELECT FROM changed`,
    [tenant, id, temporalRun, reason],
  );
  return rowCount === 1;
}

/** A worker goes on: the run does again what it did before. False where it was not stalled. */
export async function unstallRun(
  database: Database,
  { tenant, id }: Pick<KnownRun, 'tenant' | 'id'>,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `WITH changed AS (
       UPDATE runs SET status = coalesce(stalled_status, 'running'), status_reason = stalled_reason,
         stalled_status = NULL, stalled_reason = NULL, last_seq = last_seq + 1
       WHERE tenant = $1 AND id = $2 AND finished_at IS NULL AND status = 'stalled'
       RETURNING last_seq, active_ms, status, status_reason),
     ${told('status', 'status_reason')}
     SELECT FROM changed`,
    [tenant, id],
  );
  return rowCount === 1;
}
