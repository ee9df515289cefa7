import type { Carried } from '../contract/activities';
import type { Database } from './database';
import { project, type Projection } from './projection';

/** The approval that a batch of entries opens, as a row. */
export interface ApprovalRow {
  id: string;
  workflowId: string;
  kind: string;
  path: string;
  title: string;
  risk: string;
  status: 'pending' | 'approved';
  reason: string | null;
  digest: string;
  allow: string[];
  content: string;
  schemaAt: string | null;
  requestedAt: string;
  dueAt: string | null;
}

export interface JournalWrite {
  tenant: string;
  run: string;
  journal: Carried;
  approval?: ApprovalRow;
  /** Words added to what the run is found by. */
  search?: string;
}

const uniqueViolation = '23505';

/**
 * Writes entries as events of the run, each once, and what they say about the run, its steps and its
 * approvals: one statement, so that whoever sees an event sees its effect. Event numbers are given
 * out under the lock of the run's row, which makes their order the order of commit.
 */
export async function writeEntries(database: Database, write: JournalWrite): Promise<void> {
  if (write.journal.entries.length === 0 && write.approval === undefined) return;
  const parameters = parametersOf(write);
  for (;;) {
    try {
      await database.query(statement, parameters);
      return;
    } catch (error) {
      // Somebody wrote one of the same entries while this statement waited for the run's row: its
      // snapshot is older than that. Once more, and it sees them.
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== uniqueViolation || constraint !== 'run_events_once') throw error;
    }
  }
}

/** How many entries of a Temporal run the ledger holds, beside those of the batch. */
export async function countOtherEntries(database: Database, { tenant, run, journal }: JournalWrite): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `SELECT count(*) AS count FROM run_events
     WHERE tenant = $1 AND run = $2 AND temporal_run = $3 AND NOT entry = ANY ($4::int[])`,
    [tenant, run, journal.temporalRun, journal.entries.map((entry) => entry.n)],
  );
  return rows[0]?.count ?? 0;
}

// A batch may come late and twice; what it says of the run counts only where nothing newer was said.
const newer = '(r.temporal_run IS DISTINCT FROM $3 OR coalesce(p.entry, 0) > r.entry)';

const statement = `
WITH entry AS (
  SELECT * FROM unnest($4::int[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[]) AS e (n, type, at, step, data)),
fresh AS (
  SELECT e.*, row_number() OVER (ORDER BY e.n) AS place FROM entry e
  WHERE NOT EXISTS (
    SELECT FROM run_events r WHERE r.tenant = $1 AND r.run = $2 AND r.temporal_run = $3 AND r.entry = e.n)),
patch AS (SELECT * FROM jsonb_to_record($9::jsonb) AS p (
  entry int, status text, reason text, started_at timestamptz, active_ms bigint, active_since timestamptz,
  state_version int, finished_at timestamptz)),
numbered AS (
  UPDATE runs r SET
    last_seq = r.last_seq + (SELECT count(*) FROM fresh),
    status = CASE WHEN ${newer} THEN coalesce(p.status, r.status) ELSE r.status END,
    status_reason = CASE WHEN ${newer} AND p.status IS NOT NULL THEN $10 ELSE r.status_reason END,
    active_ms = CASE WHEN ${newer} THEN coalesce(p.active_ms, r.active_ms) ELSE r.active_ms END,
    active_since = CASE WHEN ${newer} AND p.status IS NOT NULL THEN p.active_since ELSE r.active_since END,
    started_at = coalesce(r.started_at, p.started_at),
    finished_at = p.finished_at,
    state_version = greatest(r.state_version, p.state_version),
    output_json = coalesce($11, r.output_json),
    incomplete_json = coalesce($12, r.incomplete_json),
    error_json = coalesce($13, r.error_json),
    search = left(r.search || $14, 65536),
    start_pending = false,
    temporal_run = $3,
    entry = CASE WHEN ${newer} THEN coalesce(p.entry, r.entry) ELSE r.entry END
  FROM patch p
  WHERE r.tenant = $1 AND r.id = $2 AND r.finished_at IS NULL
  RETURNING r.last_seq),
stepped AS (
  INSERT INTO steps (tenant, run, path, id, type, agent, status, started_at, finished_at, output_json, decision_json,
    error_json, temporal_run, entry)
  SELECT $1, $2, s.path, s.id, coalesce(s.type, ''), s.agent, s.status, s.started_at, s.finished_at, s.output,
    s.decision, s.error, $3, s.entry
  FROM unnest($15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::timestamptz[], $21::timestamptz[],
    $22::text[], $23::text[], $24::text[], $25::int[])
    AS s (path, id, type, agent, status, started_at, finished_at, output, decision, error, entry), numbered
  ON CONFLICT (tenant, run, path) DO UPDATE SET
    id = coalesce(EXCLUDED.id, steps.id),
    type = coalesce(nullif(EXCLUDED.type, ''), steps.type),
    agent = coalesce(EXCLUDED.agent, steps.agent),
    status = EXCLUDED.status,
    started_at = coalesce(steps.started_at, EXCLUDED.started_at),
    finished_at = EXCLUDED.finished_at,
    output_json = EXCLUDED.output_json,
    decision_json = EXCLUDED.decision_json,
    error_json = EXCLUDED.error_json,
    temporal_run = EXCLUDED.temporal_run,
    entry = EXCLUDED.entry
  WHERE steps.temporal_run <> EXCLUDED.temporal_run OR steps.entry < EXCLUDED.entry),
opened AS (
  INSERT INTO approvals (tenant, id, run, workflow_id, kind, path, title, risk, status, reason, digest, allow,
    content_json, schema_at, requested_at, due_at)
  SELECT $1, a.id, $2, a.workflow_id, a.kind, a.path, $27, a.risk, a.status, $28, a.digest, $29::text[], $30,
    a.schema_at, a.requested_at, a.due_at
  FROM jsonb_to_record($26::jsonb) AS a (id text, workflow_id text, kind text, path text, risk text, status text,
    digest text, schema_at text, requested_at timestamptz, due_at timestamptz), numbered
  WHERE a.id IS NOT NULL
  ON CONFLICT (tenant, id) DO UPDATE SET
    title = EXCLUDED.title, status = EXCLUDED.status, digest = EXCLUDED.digest, content_json = EXCLUDED.content_json,
    decided_content_json = NULL, requested_at = EXCLUDED.requested_at, due_at = EXCLUDED.due_at
  WHERE approvals.digest <> EXCLUDED.digest),
closed AS (
  UPDATE approvals a SET status = d.status, decided_content_json = d.content
  FROM unnest($31::text[], $32::text[], $33::text[]) AS d (id, status, content), numbered
  WHERE a.tenant = $1 AND a.id = d.id AND a.status = 'pending'),
withdrawn AS (
  UPDATE approvals a SET status = 'cancelled' FROM numbered, patch p
  WHERE a.tenant = $1 AND a.run = $2 AND a.status = 'pending' AND p.finished_at IS NOT NULL
    AND NOT a.id = ANY ($31::text[])),
decided AS (
  INSERT INTO decisions (tenant, approval, n, decision, by_user, comment, via, at)
  SELECT $1, d.approval, 1, d.decision, d.by_user, d.comment, d.via, d.at
  FROM unnest($34::text[], $35::text[], $36::text[], $37::text[], $38::text[], $39::timestamptz[])
    AS d (approval, decision, by_user, comment, via, at)
  WHERE d.decision IS NOT NULL
  ON CONFLICT DO NOTHING)
INSERT INTO run_events (tenant, run, seq, type, at, step, data, temporal_run, entry)
SELECT $1, $2, numbered.last_seq - (SELECT count(*) FROM fresh) + fresh.place, fresh.type, fresh.at, fresh.step,
  fresh.data, $3, fresh.n
FROM fresh, numbered`;

function parametersOf({ tenant, run, journal, approval, search }: JournalWrite): unknown[] {
  const { entries, temporalRun } = journal;
  const projection = project(entries);
  const finished = projection.run?.finished ?? null;
  return [
    tenant,
    run,
    temporalRun,
    entries.map((entry) => entry.n),
    entries.map((entry) => entry.type),
    entries.map((entry) => entry.at),
    entries.map((entry) => entry.step),
    entries.map((entry) => Buffer.from(JSON.stringify(entry.data), 'utf8')),
    runPatch(projection),
    safe(projection.run?.reason ?? null),
    finished && JSON.stringify(finished.output),
    finished && JSON.stringify(finished.incomplete),
    finished?.error ? JSON.stringify(finished.error) : null,
    search === undefined ? '' : ` ${safe(search) ?? ''}`,
    ...stepColumns(projection),
    approval === undefined ? '{}' : approvalRecord(approval),
    safe(approval?.title ?? ''),
    safe(approval?.reason ?? null),
    approval?.allow ?? [],
    approval?.content ?? null,
    ...closedColumns(projection),
    ...decisionColumns(projection),
  ];
}

function runPatch({ run }: Projection): string {
  if (run === null) return JSON.stringify({ state_version: 0 });
  return JSON.stringify({
    entry: run.entry === 0 ? null : run.entry,
    status: run.status,
    started_at: run.startedAt,
    active_ms: run.activeMs === null ? null : Math.round(run.activeMs),
    active_since: run.activeSince,
    state_version: run.stateVersion,
    finished_at: run.finished?.at ?? null,
  });
}

function stepColumns({ steps }: Projection): unknown[] {
  const column = <Key extends keyof (typeof steps)[number]>(key: Key) => steps.map((step) => step[key]);
  return [
    ...[column('path'), column('id'), column('type'), column('agent'), column('status')],
    ...[column('startedAt'), column('finishedAt'), column('output'), column('decision'), column('error'), column('entry')],
  ];
}

function approvalRecord(approval: ApprovalRow): string {
  return JSON.stringify({
    id: approval.id,
    workflow_id: approval.workflowId,
    kind: approval.kind,
    path: approval.path,
    risk: approval.risk,
    status: approval.status,
    digest: approval.digest,
    schema_at: approval.schemaAt,
    requested_at: approval.requestedAt,
    due_at: approval.dueAt,
  });
}

function closedColumns({ decided, expired }: Projection): unknown[] {
  return [
    [...decided.map((entry) => entry.approval), ...expired],
    [...decided.map((entry) => entry.status), ...expired.map(() => 'expired')],
    [...decided.map((entry) => entry.content && JSON.stringify(entry.content)), ...expired.map(() => null)],
  ];
}

function decisionColumns({ decided }: Projection): unknown[] {
  return [
    decided.map((entry) => entry.approval),
    decided.map((entry) => entry.decision),
    decided.map((entry) => safe(entry.by)),
    decided.map((entry) => safe(entry.comment)),
    decided.map((entry) => entry.via),
    decided.map((entry) => entry.at),
  ];
}

/** Text columns refuse NUL, and UTF-8 has no lone surrogates. */
function safe(text: string | null): string | null {
  return text === null ? null : text.toWellFormed().replaceAll('\u0000', '');
}

