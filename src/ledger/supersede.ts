import type { JournalEntry } from '../contract/journal';
import { readCounted, type CountedEntry, type Reset } from './counted-entries';
import type { Database } from './database';
import { project, type Projection } from './projection';

/**
 * Takes back what a run's other Temporal runs wrote and the newest did not take over at the point of
 * its reset: those events are marked, and the run's steps, its approvals and what it does now are made
 * anew from the entries that count. False where nothing is to be taken back, any more or at all.
 */
export async function supersede(database: Database, reset: Reset): Promise<boolean> {
  const { tenant, run, temporalRun } = reset;
  for (;;) {
    const { rows } = await database.query<{ seq: number }>(
      `SELECT last_seq AS seq FROM runs
       WHERE tenant = $1 AND id = $2 AND temporal_run = $3 AND reset_pending`,
      [tenant, run, temporalRun],
    );
    if (rows[0] === undefined) return false;
    const counted = await readCounted(database, reset);
    await mark(database, reset, { seq: rows[0].seq, counted });
    // Where somebody wrote meanwhile, what was read is not all that counts.
    if (await settle(database, reset, { seq: rows[0].seq, counted })) return true;
  }
}

/** First alone: of an entry's number no two may count, not even for the time of one statement. */
async function mark(
  database: Database,
  { tenant, run, temporalRun }: Reset,
  { seq, counted }: { seq: number; counted: CountedEntry[] },
): Promise<void> {
  await database.query(
    `UPDATE run_events e SET superseded = true FROM runs r
     WHERE r.tenant = $1 AND r.id = $2 AND r.temporal_run = $3 AND r.reset_pending AND r.last_seq = $4
       AND e.tenant = $1 AND e.run = $2 AND coalesce(e.entry, e.with_entry) IS NOT NULL AND NOT e.superseded
       AND NOT e.seq = ANY ($5::bigint[])`,
    [tenant, run, temporalRun, seq, counted.map((entry) => entry.seq)],
  );
}

async function settle(
  database: Database,
  { tenant, run, temporalRun, written }: Reset,
  { seq, counted }: { seq: number; counted: CountedEntry[] },
): Promise<boolean> {
  const entries = counted.map(({ entry }) => entry);
  const projection = project(entries);
  const { status, reason, activeMs, activeSince, stateVersion, entry } = projection.run ?? {
    ...{ status: null, reason: null, activeMs: null, activeSince: null, stateVersion: 0, entry: 0 },
  };
  const now = status ?? 'running';
  const told = JSON.stringify({ status: now, reason, activeMs: Math.round(activeMs ?? 0) });
  const { rowCount } = await database.query(
    `WITH settled AS (
       UPDATE runs SET reset_pending = false, entry = $6, status = $7,
         status_reason = CASE WHEN $7 = 'running' THEN 'reset' ELSE $8 END,
         active_ms = $9, active_since = $10::timestamptz, state_version = $11,
         last_seq = last_seq + CASE WHEN $7 = 'running' THEN 0 ELSE 1 END
       WHERE tenant = $1 AND id = $2 AND temporal_run = $3 AND reset_pending AND last_seq = $5
       RETURNING last_seq),
     told AS (
       INSERT INTO run_events (tenant, run, seq, type, at, data)
       SELECT $1, $2, last_seq, 'run.status', now(), $12::bytea FROM settled WHERE $7 <> 'running'),
     known AS (
       UPDATE temporal_runs t SET written_json = $4 FROM settled
       WHERE t.tenant = $1 AND t.run = $2 AND t.id = $3),
     counted AS (
       UPDATE run_events e SET superseded = false FROM settled
       WHERE e.tenant = $1 AND e.run = $2 AND e.seq = ANY ($26::bigint[]) AND e.superseded),
     gone AS (
       DELETE FROM steps s USING settled
       WHERE s.tenant = $1 AND s.run = $2 AND NOT s.path = ANY ($13::text[])),
     stepped AS (${stepsPart}),
     reopened AS (
       UPDATE approvals a SET status = 'pending', decided_content_json = NULL FROM settled
       WHERE a.tenant = $1 AND a.run = $2 AND a.id = ANY ($23::text[])),
     undecided AS (
       UPDATE decisions d SET superseded = true FROM settled
       WHERE d.tenant = $1 AND d.approval = ANY ($23::text[])),
     voided AS (
       UPDATE approvals a SET status = 'voided' FROM settled
       WHERE a.tenant = $1 AND a.run = $2 AND a.status = 'pending' AND NOT a.id = ANY ($24::text[]))
     SELECT FROM settled`,
    [
      ...[tenant, run, temporalRun, JSON.stringify(written), seq],
      ...[entry, now, reason, Math.round(activeMs ?? 0), activeSince, stateVersion, Buffer.from(told)],
      ...stepColumns(projection),
      ...approvalColumns(projection, entries),
      counted.map((one) => one.seq),
    ],
  );
  return rowCount === 1;
}

const stepsPart = `INSERT INTO steps (tenant, run, path, id, type, agent, status, started_at, finished_at,
         output_json, decision_json, error_json, temporal_run, entry)
       SELECT $1, $2, s.path, s.id, coalesce(s.type, ''), s.agent, s.status, s.started_at, s.finished_at,
         s.output, s.decision, s.error, $3, s.entry
       FROM unnest($13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::timestamptz[],
         $19::timestamptz[], $20::text[], $21::text[], $22::text[], $25::int[])
         AS s (path, id, type, agent, status, started_at, finished_at, output, decision, error, entry), settled
       ON CONFLICT (tenant, run, path) DO UPDATE SET
         id = EXCLUDED.id, type = EXCLUDED.type, agent = EXCLUDED.agent, status = EXCLUDED.status,
         started_at = EXCLUDED.started_at, finished_at = EXCLUDED.finished_at,
         output_json = EXCLUDED.output_json, decision_json = EXCLUDED.decision_json,
         error_json = EXCLUDED.error_json, entry = EXCLUDED.entry`;

/** $13 to $22; the entries come last, as $25. */
function stepColumns({ steps }: Projection): unknown[][] {
  return [
    steps.map((step) => step.path),
    steps.map((step) => step.id),
    steps.map((step) => step.type),
    steps.map((step) => step.agent),
    steps.map((step) => step.status),
    steps.map((step) => step.startedAt),
    steps.map((step) => step.finishedAt),
    steps.map((step) => step.output),
    steps.map((step) => step.decision),
    steps.map((step) => step.error),
  ];
}

/** What is asked now, and all that was asked before the point of the reset; and the steps' entries. */
function approvalColumns(
  { decided, expired, steps }: Projection,
  entries: JournalEntry[],
): [string[], string[], number[]] {
  const asked = entries.flatMap((entry) =>
    entry.type === 'approval.requested' ? [entry.data.approval] : [],
  );
  const over = new Set([...decided.map(({ approval }) => approval), ...expired]);
  return [asked.filter((id) => !over.has(id)), asked, steps.map((step) => step.entry)];
}

/**
 * Marks what other Temporal runs wrote under the numbers of entries that the newest writes itself, on
 * behalf of the one that was reset: what a Temporal run wrote itself always counts.
 */
export async function makeRoom(
  database: Database,
  { tenant, run, temporalRun, entries }: Omit<Reset, 'written'> & { entries: number[] },
): Promise<void> {
  await database.query(
    `UPDATE run_events e SET superseded = true FROM runs r
     WHERE r.tenant = $1 AND r.id = $2 AND r.temporal_run = $3 AND r.reset_pending
       AND e.tenant = $1 AND e.run = $2 AND e.temporal_run <> $3 AND NOT e.superseded
       AND coalesce(e.entry, e.with_entry) = ANY ($4::int[])`,
    [tenant, run, temporalRun, entries],
  );
}
