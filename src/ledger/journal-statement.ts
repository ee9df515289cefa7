import type { Carried } from '../contract/activities';
import type { JournalEntry } from '../contract/journal';
import { project, type Projection, type RunPatch } from './projection';

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

/** Takes a parameter and gives its place in the statement. */
type Place = (value: unknown) => string;

/** One statement with only the parts that the batch needs: planning is most of what a small batch costs. */
export function statementOf(write: JournalWrite): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const place: Place = (value) => `$${String(parameters.push(value))}`;
  const scope = {
    tenant: place(write.tenant),
    run: place(write.run),
    temporalRun: place(write.journal.temporalRun),
  };
  const projection = project(write.journal.entries);
  const parts = [
    entriesPart(scope, write.journal.entries, place),
    runPart(scope, projection.run, { search: write.search, place }),
    ...(projection.steps.length === 0 ? [] : [stepsPart(scope, projection, place)]),
    ...(write.approval === undefined ? [] : [openedPart(scope, write.approval, place)]),
    ...(projection.decided.length + projection.expired.length === 0
      ? []
      : [closedPart(scope, projection, place)]),
    ...(projection.run?.finished ? [withdrawnPart(scope, projection, place)] : []),
  ];
  const sql = `WITH ${parts.join(',\n')}
    INSERT INTO run_events (tenant, run, seq, type, at, step, data, temporal_run, entry)
    SELECT ${scope.tenant}, ${scope.run}, numbered.last_seq - (SELECT count(*) FROM fresh) + fresh.place, fresh.type,
      fresh.at, fresh.step, fresh.data, ${scope.temporalRun}, fresh.n
    FROM fresh, numbered`;
  return { sql, parameters };
}

interface Scope {
  tenant: string;
  run: string;
  temporalRun: string;
}

function entriesPart(scope: Scope, entries: JournalEntry[], place: Place): string {
  const columns = [
    `${place(entries.map((entry) => entry.n))}::int[]`,
    `${place(entries.map((entry) => entry.type))}::text[]`,
    `${place(entries.map((entry) => entry.at))}::timestamptz[]`,
    `${place(entries.map((entry) => entry.step))}::text[]`,
    `${place(entries.map((entry) => Buffer.from(JSON.stringify(entry.data), 'utf8')))}::bytea[]`,
  ];
  return `fresh AS (
    SELECT e.*, row_number() OVER (ORDER BY e.n) AS place
    FROM unnest(${columns.join(', ')}) AS e (n, type, at, step, data)
    WHERE NOT EXISTS (
      SELECT FROM run_events r WHERE r.tenant = ${scope.tenant} AND r.run = ${scope.run}
        AND r.temporal_run = ${scope.temporalRun} AND r.entry = e.n))`;
}

function runPart(
  scope: Scope,
  run: RunPatch | null,
  { search, place }: { search: string | undefined; place: Place },
): string {
  const set = [
    'last_seq = r.last_seq + (SELECT count(*) FROM fresh)',
    'start_pending = false',
    `temporal_run = ${scope.temporalRun}::text`,
  ];
  if (search !== undefined) set.push(`search = left(r.search || ${place(` ${safe(search)}`)}::text, 65536)`);
  if (run !== null) {
    set.push(`state_version = greatest(r.state_version, ${place(run.stateVersion)}::int)`);
    if (run.status !== null) set.push(...statusColumns(scope, { ...run, status: run.status }, place));
    if (run.finished !== null) {
      const { at, output, incomplete, error } = run.finished;
      set.push(`finished_at = ${place(at)}::timestamptz`, `output_json = ${place(JSON.stringify(output))}`);
      set.push(`incomplete_json = ${place(JSON.stringify(incomplete))}`);
      set.push(`error_json = ${place(error === null ? null : JSON.stringify(error))}`);
    }
  }
  return `numbered AS (
    UPDATE runs r SET ${set.join(', ')}
    WHERE r.tenant = ${scope.tenant} AND r.id = ${scope.run} AND r.finished_at IS NULL
    RETURNING r.last_seq)`;
}

function statusColumns(scope: Scope, run: RunPatch & { status: string }, place: Place): string[] {
  const entry = `${place(run.entry)}::int`;
  // A batch may come late and twice; what it says of the run counts only where nothing newer was said.
  const newer = `(r.temporal_run IS DISTINCT FROM ${scope.temporalRun} OR ${entry} > r.entry)`;
  const when = (column: string, value: string) =>
    `${column} = CASE WHEN ${newer} THEN ${value} ELSE r.${column} END`;
  return [
    when('entry', entry),
    when('status', `${place(run.status)}::text`),
    when('status_reason', `${place(safe(run.reason))}::text`),
    when('active_ms', `${place(Math.round(run.activeMs ?? 0))}::bigint`),
    when('active_since', `${place(run.activeSince)}::timestamptz`),
    `started_at = coalesce(r.started_at, ${place(run.startedAt)}::timestamptz)`,
  ];
}

function stepsPart(scope: Scope, { steps }: Projection, place: Place): string {
  const column = (key: keyof (typeof steps)[number], type: string) =>
    `${place(steps.map((step) => step[key]))}::${type}[]`;
  const columns = [
    ...[
      column('path', 'text'),
      column('id', 'text'),
      column('type', 'text'),
      column('agent', 'text'),
      column('status', 'text'),
    ],
    ...[column('startedAt', 'timestamptz'), column('finishedAt', 'timestamptz')],
    ...[
      column('output', 'text'),
      column('decision', 'text'),
      column('error', 'text'),
      column('entry', 'int'),
    ],
  ];
  return `stepped AS (
    INSERT INTO steps (tenant, run, path, id, type, agent, status, started_at, finished_at, output_json, decision_json,
      error_json, temporal_run, entry)
    SELECT ${scope.tenant}, ${scope.run}, s.path, s.id, coalesce(s.type, ''), s.agent, s.status, s.started_at,
      s.finished_at, s.output, s.decision, s.error, ${scope.temporalRun}, s.entry
    FROM unnest(${columns.join(', ')})
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
    WHERE steps.temporal_run <> EXCLUDED.temporal_run OR steps.entry < EXCLUDED.entry)`;
}

function openedPart(scope: Scope, approval: ApprovalRow, place: Place): string {
  const values = [
    ...[
      scope.tenant,
      place(approval.id),
      scope.run,
      place(approval.workflowId),
      place(approval.kind),
      place(approval.path),
    ],
    ...[
      place(safe(approval.title)),
      place(approval.risk),
      place(approval.status),
      place(safe(approval.reason)),
    ],
    ...[
      place(approval.digest),
      `${place(approval.allow)}::text[]`,
      place(approval.content),
      place(approval.schemaAt),
    ],
    ...[`${place(approval.requestedAt)}::timestamptz`, `${place(approval.dueAt)}::timestamptz`],
  ];
  // Asked again with the same digest it stays as it is, decided or not; with another it is a new question.
  return `opened AS (
    INSERT INTO approvals (tenant, id, run, workflow_id, kind, path, title, risk, status, reason, digest, allow,
      content_json, schema_at, requested_at, due_at)
    SELECT ${values.join(', ')} FROM numbered
    ON CONFLICT (tenant, id) DO UPDATE SET
      title = EXCLUDED.title, status = EXCLUDED.status, digest = EXCLUDED.digest, content_json = EXCLUDED.content_json,
      decided_content_json = NULL, requested_at = EXCLUDED.requested_at, due_at = EXCLUDED.due_at
    WHERE approvals.digest <> EXCLUDED.digest)`;
}

function closedPart(scope: Scope, { decided, expired }: Projection, place: Place): string {
  const closed = [
    `${place([...decided.map((entry) => entry.approval), ...expired])}::text[]`,
    `${place([...decided.map((entry) => entry.status), ...expired.map(() => 'expired')])}::text[]`,
    `${place([...decided.map((entry) => entry.content && JSON.stringify(entry.content)), ...expired.map(() => null)])}::text[]`,
  ];
  const made = decided.filter((entry) => entry.decision !== null);
  const decisions = [
    `${place(made.map((entry) => entry.approval))}::text[]`,
    `${place(made.map((entry) => entry.decision))}::text[]`,
    `${place(made.map((entry) => safe(entry.by)))}::text[]`,
    `${place(made.map((entry) => safe(entry.comment)))}::text[]`,
    `${place(made.map((entry) => entry.via))}::text[]`,
    `${place(made.map((entry) => entry.at))}::timestamptz[]`,
  ];
  return `closed AS (
    UPDATE approvals a SET status = d.status, decided_content_json = d.content
    FROM unnest(${closed.join(', ')}) AS d (id, status, content), numbered
    WHERE a.tenant = ${scope.tenant} AND a.id = d.id AND a.status = 'pending'),
  decided AS (
    INSERT INTO decisions (tenant, approval, n, decision, by_user, comment, via, at)
    SELECT ${scope.tenant}, d.approval, 1, d.decision, d.by_user, d.comment, d.via, d.at
    FROM unnest(${decisions.join(', ')}) AS d (approval, decision, by_user, comment, via, at)
    ON CONFLICT DO NOTHING)`;
}

/** The run is over: nobody needs to decide any more. What this batch itself decides is not touched twice. */
function withdrawnPart(scope: Scope, { decided, expired }: Projection, place: Place): string {
  const own = place([...decided.map((entry) => entry.approval), ...expired]);
  return `withdrawn AS (
    UPDATE approvals a SET status = 'cancelled' FROM numbered
    WHERE a.tenant = ${scope.tenant} AND a.run = ${scope.run} AND a.status = 'pending' AND NOT a.id = ANY (${own}::text[]))`;
}

/** Text columns refuse NUL, and UTF-8 has no lone surrogates. */
function safe<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.toWellFormed().replaceAll('\u0000', '')) as Text;
}
