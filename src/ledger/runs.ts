import type { Value } from '../contract/value';
import type { Database } from './database';
import { keptDays, type IdempotencyId } from './idempotency';

/** A run as it is accepted, with all that stands and falls with it. */
export interface NewRun {
  tenant: string;
  id: string;
  plan: { name: string; version: string; digest: string };
  manifest: { hash: string; body: Buffer };
  /** Of the plans that its plan runs. */
  manifestsInside: { hash: string; body: Buffer }[];
  workflowType: string;
  input: Value;
  labels: { [name: string]: string };
  priority: number;
  simulated: boolean;
  startedBy: string;
  createdAt: Date;
  /** Words for the search. */
  search: string;
  limits: { costNano: number; tokens: number | null; modelCalls: number | null; timeoutMs: number | null };
  idempotency: { id: IdempotencyId; requestHash: string } | null;
}

/**
 * Writes the run, its budget, its manifest and the record of its idempotency key in one statement.
 * False where another request under the same key came first; then nothing is written.
 */
export async function insertRun(database: Database, run: NewRun): Promise<boolean> {
  const { id: key, requestHash } = run.idempotency ?? { id: null, requestHash: null };
  const { rowCount } = await database.query(
    `WITH claimed AS (
       INSERT INTO idempotency (tenant, principal, route, key_hash, request_hash, run, expires_at)
       SELECT $1, $17, $18, $19, $20, $2, now() + make_interval(days => ${keptDays.start})
       WHERE $19::text IS NOT NULL
       ON CONFLICT (tenant, principal, route, key_hash) DO UPDATE
         SET request_hash = excluded.request_hash, run = excluded.run, status = NULL, answer = NULL,
           created_at = now(), expires_at = excluded.expires_at
         WHERE idempotency.expires_at <= now()
       RETURNING 1),
     run AS (
       INSERT INTO runs (tenant, id, plan_name, plan_version, plan_digest, manifest, workflow_type,
         input_json, labels, priority, simulated, started_by, created_at, search, timeout_ms)
       SELECT $1, $2, $3, $4, $5, $6, $7, $9, $10, $11, $12, $13, $14, $15, $16
       WHERE $19::text IS NULL OR EXISTS (SELECT FROM claimed)
       RETURNING tenant, id),
     manifest AS (
       INSERT INTO manifests (tenant, hash, body)
       SELECT run.tenant, m.hash, m.body FROM run, unnest($6::text || $24::text[], $8::bytea || $25::bytea[]) AS m (hash, body)
       ON CONFLICT DO NOTHING),
     budget AS (
       INSERT INTO budgets (tenant, run, id, limit_nano, limit_tokens, limit_calls)
       SELECT tenant, id, 'run', $21, $22, $23 FROM run)
     SELECT id FROM run`,
    [
      run.tenant,
      run.id,
      run.plan.name,
      run.plan.version,
      run.plan.digest,
      run.manifest.hash,
      run.workflowType,
      run.manifest.body,
      JSON.stringify(run.input),
      JSON.stringify(run.labels),
      run.priority,
      run.simulated,
      run.startedBy,
      run.createdAt,
      run.search,
      run.limits.timeoutMs,
      key?.principal ?? null,
      key?.route ?? null,
      key?.keyHash ?? null,
      requestHash,
      run.limits.costNano,
      run.limits.tokens,
      run.limits.modelCalls,
      run.manifestsInside.map(({ hash }) => hash),
      run.manifestsInside.map(({ body }) => body),
    ],
  );
  return rowCount === 1;
}

/** What it takes to start a run's workflow, now or again. */
export interface StartRow {
  tenant: string;
  id: string;
  manifest: string;
  workflowType: string;
  plan: { name: string; version: string };
  input: Value;
  labels: { [name: string]: string };
  priority: number;
  createdAt: Date;
  cancelRequested: boolean;
}

const startColumns = `tenant, id, manifest, workflow_type AS "workflowType", input_json AS "inputJson", labels,
  priority, created_at AS "createdAt", cancel_requested AS "cancelRequested",
  json_build_object('name', plan_name, 'version', plan_version) AS plan`;

/** Reads what it takes to start one run. */
export async function readStart(database: Database, tenant: string, id: string): Promise<StartRow | null> {
  const { rows } = await database.query<Omit<StartRow, 'input'> & { inputJson: string }>(
    `SELECT ${startColumns} FROM runs WHERE tenant = $1 AND id = $2`,
    [tenant, id],
  );
  return rows[0] === undefined ? null : startOf(rows[0]);
}

/** Runs whose workflow is not known to have been started although that is due. */
export async function readUnstarted(
  database: Database,
  { olderThanSeconds, limit }: { olderThanSeconds: number; limit: number },
): Promise<StartRow[]> {
  const { rows } = await database.query<Omit<StartRow, 'input'> & { inputJson: string }>(
    `SELECT ${startColumns} FROM runs WHERE start_pending
       AND created_at < now() - make_interval(secs => $1) ORDER BY created_at LIMIT $2`,
    [olderThanSeconds, limit],
  );
  return rows.map(startOf);
}

function startOf(row: Omit<StartRow, 'input'> & { inputJson: string }): StartRow {
  const { inputJson, ...rest } = row;
  return { ...rest, input: JSON.parse(inputJson) as Value };
}

/** Notes that the workflow was started, and as which Temporal run where that is known. */
export async function markStarted(
  database: Database,
  run: { tenant: string; id: string },
  temporalRun: string | null,
): Promise<void> {
  await database.query(
    `WITH started AS (
       UPDATE runs SET start_pending = false, temporal_run = coalesce(temporal_run, $3)
       WHERE tenant = $1 AND id = $2 RETURNING temporal_run)
     INSERT INTO temporal_runs (tenant, run, id, origin)
     SELECT $1, $2, temporal_run, 'started' FROM started WHERE temporal_run = $3 ON CONFLICT DO NOTHING`,
    [run.tenant, run.id, temporalRun],
  );
}

/** The frozen plan that runs were started with, as it was stored. */
export async function readManifest(database: Database, tenant: string, hash: string): Promise<Buffer> {
  const { rows } = await database.query<{ body: Buffer }>(
    'SELECT body FROM manifests WHERE tenant = $1 AND hash = $2',
    [tenant, hash],
  );
  if (rows[0] === undefined) throw new Error(`There is no manifest ${hash}.`);
  return rows[0].body;
}

/** Flags a run so that no further call of it is paid for. Says how it stood. */
export async function requestCancel(
  database: Database,
  run: { tenant: string; id: string },
  reason: string | null,
): Promise<'requested' | 'closed' | 'unknown'> {
  const { rows } = await database.query<{ open: boolean }>(
    `WITH flagged AS (
       UPDATE runs SET cancel_requested = true, cancel_reason = coalesce($3, cancel_reason),
         cancel_requested_at = coalesce(cancel_requested_at, now())
       WHERE tenant = $1 AND id = $2 AND finished_at IS NULL RETURNING 1)
     SELECT finished_at IS NULL AS open FROM runs WHERE tenant = $1 AND id = $2`,
    [run.tenant, run.id, reason],
  );
  if (rows[0] === undefined) return 'unknown';
  return rows[0].open ? 'requested' : 'closed';
}
