import type { Incomplete, StepError } from '../contract/failures';
import type { Json, Value } from '../contract/value';
import type { RunStatus, StepStatus } from '../contract/workflow';
import type { Usage } from '../contract/usage';
import type { Database } from './database';

interface BudgetRow {
  limitNano: number;
  usedNano: number;
  reservedNano: number;
  limitTokens: number | null;
  usedTokens: number;
  reservedTokens: number;
  limitCalls: number | null;
  usedCalls: number;
  reservedCalls: number;
}

export interface RunRow extends Usage, BudgetRow {
  id: string;
  planName: string;
  planVersion: string;
  planDigest: string;
  status: RunStatus;
  statusReason: string | null;
  labels: { [name: string]: string };
  priority: number;
  simulated: boolean;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  activeMs: number;
  timeoutMs: number | null;
  stateVersion: number;
  temporalRun: string | null;
  input: Value;
  output: Value | null;
  incomplete: Incomplete[];
  error: StepError | null;
  current: string[];
  approvals: string[];
}

const usageColumns = `coalesce(sum(c.attempts), 0)::bigint AS "modelCalls",
  coalesce(sum(c.input_tokens), 0)::bigint AS "inputTokens",
  coalesce(sum(c.output_tokens), 0)::bigint AS "outputTokens",
  coalesce(sum(c.cached_tokens), 0)::bigint AS "cachedTokens",
  coalesce(sum(c.cost_nano), 0)::bigint AS "costNano"`;

const selectRuns = `SELECT r.id, r.plan_name AS "planName", r.plan_version AS "planVersion",
  r.plan_digest AS "planDigest", r.status,
  CASE WHEN r.status = 'cancelled' THEN coalesce(r.cancel_reason, r.status_reason) ELSE r.status_reason END
    AS "statusReason", r.labels, r.priority,
  r.simulated OR coalesce(u.simulated, false) AS simulated, r.created_at AS "createdAt",
  r.started_at AS "startedAt", r.finished_at AS "finishedAt",
  r.active_ms + CASE WHEN r.active_since IS NULL THEN 0
    ELSE greatest(0, extract(epoch FROM now() - r.active_since) * 1000)::bigint END AS "activeMs",
  r.timeout_ms AS "timeoutMs", r.state_version AS "stateVersion", r.temporal_run AS "temporalRun",
  r.input_json AS "inputJson", r.output_json AS "outputJson", r.incomplete_json AS "incompleteJson",
  r.error_json AS "errorJson",
  u."modelCalls", u."inputTokens", u."outputTokens", u."cachedTokens", u."costNano",
  b.limit_nano AS "limitNano", b.used_nano AS "usedNano", b.reserved_nano AS "reservedNano",
  b.limit_tokens AS "limitTokens", b.used_tokens AS "usedTokens", b.reserved_tokens AS "reservedTokens",
  b.limit_calls AS "limitCalls", b.used_calls AS "usedCalls", b.reserved_calls AS "reservedCalls",
  ARRAY(SELECT s.path FROM steps s
    WHERE s.tenant = r.tenant AND s.run = r.id AND s.status IN ('running', 'waiting')
      AND NOT EXISTS (SELECT FROM steps below
        WHERE below.tenant = s.tenant AND below.run = s.run AND below.status IN ('running', 'waiting')
          AND below.path <> s.path AND (s.path = 'root' OR starts_with(below.path, s.path || '.')))
    ORDER BY s.position) AS current,
  ARRAY(SELECT a.id FROM approvals a WHERE a.tenant = r.tenant AND a.run = r.id AND a.status = 'pending'
    ORDER BY a.requested_at, a.id) AS approvals
FROM runs r
JOIN budgets b ON b.tenant = r.tenant AND b.run = r.id AND b.id = 'run'
CROSS JOIN LATERAL (SELECT ${usageColumns}, bool_or(c.simulated) AS simulated
  FROM calls c WHERE c.tenant = r.tenant AND c.run = r.id) u`;

type Raw = Omit<RunRow, 'input' | 'output' | 'incomplete' | 'error'> & {
  inputJson: string;
  outputJson: string | null;
  incompleteJson: string | null;
  errorJson: string | null;
};

function runOf({ inputJson, outputJson, incompleteJson, errorJson, ...rest }: Raw): RunRow {
  return {
    ...rest,
    input: JSON.parse(inputJson) as Value,
    output: parsed(outputJson) as Value | null,
    incomplete: (parsed(incompleteJson) as Incomplete[] | null) ?? [],
    error: parsed(errorJson) as StepError | null,
  };
}

/** Reads a column that holds JSON text. */
function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

/** One run with its usage and budget as they are now. */
export async function readRun(database: Database, tenant: string, id: string): Promise<RunRow | null> {
  const { rows } = await database.query<Raw>(`${selectRuns} WHERE r.tenant = $1 AND r.id = $2`, [tenant, id]);
  return rows[0] === undefined ? null : runOf(rows[0]);
}

export interface RunFilter {
  status: string[];
  plan: { name: string; version: string | null } | null;
  labels: { [name: string]: string };
  from: Date | null;
  to: Date | null;
  words: string[];
  /** The last run of the page before. */
  after: { createdAt: Date; id: string } | null;
  limit: number;
}

/** Runs, newest first. */
export async function listRuns(database: Database, tenant: string, filter: RunFilter): Promise<RunRow[]> {
  const { rows } = await database.query<Raw>(
    `${selectRuns} WHERE r.tenant = $1
       AND (cardinality($2::text[]) = 0 OR r.status = ANY ($2))
       AND ($3::text IS NULL OR r.plan_name = $3) AND ($4::text IS NULL OR r.plan_version = $4)
       AND r.labels @> $5::jsonb
       AND ($6::timestamptz IS NULL OR r.created_at >= $6) AND ($7::timestamptz IS NULL OR r.created_at < $7)
       AND NOT EXISTS (SELECT FROM unnest($8::text[]) AS word WHERE position(lower(word) IN lower(r.search)) = 0)
       AND ($9::timestamptz IS NULL OR (r.created_at, r.id) < ($9, $10))
     ORDER BY r.created_at DESC, r.id DESC LIMIT $11`,
    [
      tenant,
      filter.status,
      filter.plan?.name ?? null,
      filter.plan?.version ?? null,
      JSON.stringify(filter.labels),
      filter.from,
      filter.to,
      filter.words,
      filter.after?.createdAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows.map(runOf);
}

export interface DecisionRow {
  step: string;
  at: Date;
  /** `DecisionMade` as JSON. */
  data: Buffer;
}

/** Every decision that a controlling agent or a person made in a run, in order. */
export async function readDecisions(database: Database, tenant: string, run: string): Promise<DecisionRow[]> {
  const { rows } = await database.query<DecisionRow>(
    `SELECT step, at, data FROM run_events
     WHERE tenant = $1 AND run = $2 AND type = 'decision.made' AND NOT superseded ORDER BY seq`,
    [tenant, run],
  );
  return rows;
}

export interface StepRow {
  path: string;
  id: string | null;
  type: string;
  agent: string | null;
  status: StepStatus;
  startedAt: Date | null;
  finishedAt: Date | null;
  output: Value | null;
  decision: Value | null;
  error: StepError | null;
}

/** The steps of a run in the order of their first start. */
export async function readSteps(database: Database, tenant: string, run: string): Promise<StepRow[]> {
  type RawStep = Omit<StepRow, 'output' | 'decision' | 'error'> & {
    outputJson: string | null;
    decisionJson: string | null;
    errorJson: string | null;
  };
  const { rows } = await database.query<RawStep>(
    `SELECT path, id, type, agent, status, started_at AS "startedAt", finished_at AS "finishedAt",
       output_json AS "outputJson", decision_json AS "decisionJson", error_json AS "errorJson"
     FROM steps WHERE tenant = $1 AND run = $2 ORDER BY position`,
    [tenant, run],
  );
  return rows.map(({ outputJson, decisionJson, errorJson, ...rest }) => ({
    ...rest,
    output: parsed(outputJson) as Value | null,
    decision: parsed(decisionJson) as Value | null,
    error: parsed(errorJson) as StepError | null,
  }));
}

export interface CallRow extends Usage {
  path: string;
  agent: string;
  model: string;
  selected: number | null;
  vendorModel: string | null;
  state: string;
  simulated: boolean;
  requestHash: string;
  answerHash: string | null;
  stop: string | null;
  attempts: Json;
  /** `tenant`: the answer is a stored one. */
  cache: 'none' | 'tenant';
  capLowered: number | null;
  ambiguous: number;
}

/** The model calls of a run in the order in which they were registered. */
export async function readCalls(database: Database, tenant: string, run: string): Promise<CallRow[]> {
  const { rows } = await database.query<Omit<CallRow, 'attempts'> & { attemptsJson: string }>(
    `SELECT path, agent, model, selected, vendor_model AS "vendorModel", state, simulated, request_hash AS "requestHash",
       answer_hash AS "answerHash", stop, attempts_json AS "attemptsJson", cache, cap_lowered AS "capLowered", ambiguous,
       attempts::bigint AS "modelCalls", input_tokens AS "inputTokens", output_tokens AS "outputTokens",
       cached_tokens AS "cachedTokens", cost_nano AS "costNano"
     FROM calls WHERE tenant = $1 AND run = $2 ORDER BY position`,
    [tenant, run],
  );
  return rows.map(({ attemptsJson, ...rest }) => ({ ...rest, attempts: JSON.parse(attemptsJson) as Json }));
}
