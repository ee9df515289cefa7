import type { JournalFact, Carried } from '../contract/journal';
import { approvalParts, type ApprovalRow } from './journal-approvals';
import { isAsRead, leftFacts, mayLeave } from './left-behind';
import { project, type Projection, type RunPatch } from './projection';
import { countBeside, openCalls, safe, type Place, type Scope } from './statement-parts';
import { unusedEventsPart } from './unused-events';

/** An event that comes with an entry but is none of the workflow's own. */
export type KeptFact = { at: string; step: string | null } & JournalFact;

export interface JournalWrite {
  tenant: string;
  run: string;
  journal: Carried;
  /**
   * The Temporal run that writes: that of the entries, unless an activity that was scheduled before a
   * reset is carried out after it. Without it, that of the entries.
   */
  executor?: string;
  approval?: ApprovalRow;
  /** What the ledger knows of the approval from before a reset. It is told with the last entry, once. */
  kept?: KeptFact[];
  /** Words added to what the run is found by. */
  search?: string;
}

interface Conditions {
  /** Also while a reset is not settled yet. */
  whilePending?: boolean;
  /** Only where so many other entries count and no call is open. */
  others?: number;
}

/**
 * One statement with only the parts that the batch needs: planning is most of what a small batch
 * costs. It answers with a row where the run's row took the batch, and with none where it did not:
 * the run is closed, another Temporal run has it, a reset is not settled yet, or a condition is not met.
 */
export function statementOf(
  write: JournalWrite,
  conditions: Conditions = {},
): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const place: Place = (value) => `$${String(parameters.push(value))}`;
  const { temporalRun, entries } = write.journal;
  const executor = write.executor ?? temporalRun;
  const scope = {
    tenant: place(write.tenant),
    run: place(write.run),
    temporalRun: `${place(executor)}::text`,
  };
  const { child } = write.journal;
  const projection = project(entries);
  const isFirst = child === undefined && entries.some((entry) => entry.n === 1);
  const parts = [
    freshPart(scope, write, { projection, place }),
    child === undefined ? runPart(scope, projection.run, { write, conditions, place }) : besideRunPart(scope),
    ...(projection.steps.length === 0 ? [] : [stepsPart(scope, projection, place)]),
    ...(isFirst ? [temporalRunPart(scope)] : []),
    ...(projection.run?.finished
      ? [
          closedTemporalRunPart(scope),
          leftStepsPart(scope, projection, place),
          unusedEventsPart(scope, 'numbered'),
        ]
      : []),
    ...approvalParts(scope, { projection, opened: write.approval, place }),
  ];
  const sql = `WITH ${parts.join(',\n')},
    written AS (
      INSERT INTO run_events (tenant, run, seq, type, at, step, data, temporal_run, entry, with_entry, child, child_path)
      SELECT ${scope.tenant}, ${scope.run}, numbered.last_seq - (SELECT count(*) FROM fresh) + fresh.place, fresh.type,
        fresh.at, fresh.step, fresh.data, ${scope.temporalRun}, fresh.entry, CASE WHEN fresh.entry IS NULL THEN fresh.n END,
        ${place(child?.id ?? null)}::text, ${place(child?.path ?? null)}::text
      FROM fresh, numbered)
    SELECT FROM numbered`;
  return { sql, parameters };
}

function freshPart(
  scope: Scope,
  { journal, kept = [] }: JournalWrite,
  { projection, place }: { projection: Projection; place: Place },
): string {
  const last = journal.entries.at(-1)?.n ?? null;
  const facts: (KeptFact & { n: number | null; entry: number | null })[] = [
    ...journal.entries.map((entry) => ({ ...entry, entry: entry.n })),
    ...kept.map((fact) => ({ ...fact, n: last, entry: null })),
  ];
  const columns = [
    `${place(facts.map((fact) => fact.n))}::int[]`,
    `${place(facts.map((fact) => fact.entry))}::int[]`,
    `${place(facts.map((fact) => fact.type))}::text[]`,
    `${place(facts.map((fact) => fact.at))}::timestamptz[]`,
    `${place(facts.map((fact) => fact.step))}::text[]`,
    `${place(facts.map((fact) => Buffer.from(JSON.stringify(fact.data), 'utf8')))}::bytea[]`,
  ];
  return `fresh AS (
    SELECT e.*, row_number() OVER (ORDER BY e.n, e.part, e.i) AS place
    FROM (SELECT *, 3 AS part FROM unnest(${columns.join(', ')}) WITH ORDINALITY AS u (n, entry, type, at, step, data, i)
      ${leftFacts(scope, projection, place)}) e
    WHERE NOT EXISTS (
      SELECT FROM run_events r WHERE r.tenant = ${scope.tenant} AND r.run = ${scope.run}
        AND coalesce(r.child, '') = ${place(journal.child?.id ?? '')}::text AND r.entry = e.n AND NOT r.superseded
        AND r.type = e.type AND r.step IS NOT DISTINCT FROM e.step AND r.data = e.data
      -- Looked up entry by entry: as a join it may be planned as a pass over all that the run has written.
      OFFSET 0))`;
}

/**
 * A child workflow tells of its own steps and of nothing else of the run. Which of its executions
 * writes is not asked: another start of the same child has a journal of its own.
 */
function besideRunPart(scope: Scope): string {
  return `numbered AS (
    UPDATE runs r SET last_seq = r.last_seq + (SELECT count(*) FROM fresh)
    WHERE r.tenant = ${scope.tenant} AND r.id = ${scope.run} AND r.finished_at IS NULL
    RETURNING r.last_seq)`;
}

interface Conditional {
  write: JournalWrite;
  conditions: Conditions;
  place: Place;
}

function runPart(scope: Scope, run: RunPatch | null, { write, conditions, place }: Conditional): string {
  const { search } = write;
  const set = [
    'last_seq = r.last_seq + (SELECT count(*) FROM fresh)',
    'start_pending = false',
    `temporal_run = ${scope.temporalRun}`,
  ];
  if (search !== undefined) set.push(`search = left(r.search || ${place(` ${safe(search)}`)}::text, 65536)`);
  if (run !== null) {
    set.push(`state_version = greatest(r.state_version, ${place(run.stateVersion)}::int)`);
    if (run.status !== null) set.push(...statusColumns({ ...run, status: run.status }, place));
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
      AND coalesce(r.temporal_run, ${scope.temporalRun}) = ${scope.temporalRun}
      ${conditionsOf(scope, run, { write, conditions, place })}
    RETURNING r.last_seq)`;
}

function conditionsOf(
  scope: Scope,
  run: RunPatch | null,
  { write: { journal }, conditions: { whilePending, others }, place }: Conditional,
): string {
  const all: string[] = [];
  // After a reset what it replaces is marked first.
  if (whilePending !== true) all.push('NOT r.reset_pending');
  if (run !== null && mayLeave(run)) all.push(isAsRead(scope));
  if (others !== undefined) {
    const entries = place(journal.entries.map((entry) => entry.n));
    all.push(`(${countBeside(scope, entries)}) = ${place(others)}::int`, `NOT EXISTS (${openCalls(scope)})`);
  }
  return all.map((one) => ` AND ${one}`).join('');
}

function temporalRunPart(scope: Scope): string {
  return `temporal AS (
    INSERT INTO temporal_runs (tenant, run, id, origin)
    SELECT ${scope.tenant}, ${scope.run}, ${scope.temporalRun}, 'started' FROM numbered ON CONFLICT DO NOTHING)`;
}

function closedTemporalRunPart(scope: Scope): string {
  return `temporal_closed AS (
    UPDATE temporal_runs t SET closed_at = now() FROM numbered
    WHERE t.tenant = ${scope.tenant} AND t.run = ${scope.run} AND t.id = ${scope.temporalRun})`;
}

/** The run is over: no step works any more. Those that the batch speaks of are not touched twice. */
function leftStepsPart(scope: Scope, { steps }: Projection, place: Place): string {
  return `left_steps AS (
    UPDATE steps s SET status = 'cancelled', finished_at = now() FROM numbered
    WHERE s.tenant = ${scope.tenant} AND s.run = ${scope.run} AND s.status IN ('running', 'waiting')
      AND NOT s.path = ANY (${place(steps.map((step) => step.path))}::text[]))`;
}

function statusColumns(run: RunPatch & { status: string }, place: Place): string[] {
  const entry = `${place(run.entry)}::int`;
  // A batch may come late and twice; what it says of the run counts only where nothing newer was said.
  const newer = `${entry} > r.entry`;
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

function stepsPart(scope: Scope, { run, steps }: Projection, place: Place): string {
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
  const leftOpen = run?.finished
    ? " OR (EXCLUDED.status = 'cancelled' AND steps.status IN ('running', 'waiting'))"
    : '';
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
      entry = greatest(steps.entry, EXCLUDED.entry)
    WHERE steps.entry < EXCLUDED.entry${leftOpen})`;
}
