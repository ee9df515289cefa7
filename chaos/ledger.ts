import pg from 'pg';

/** What the judge reads from the service's Postgres, past the API. */
export interface Ledger {
  /** How it stands now; throws while the database is away. */
  pulse(round: string): Promise<Pulse>;
  /** Calls that gateways say are at the vendor now, each attempt by a name of its own. */
  sentCalls(): Promise<string[]>;
  runs(round: string): Promise<LedgerRun[]>;
  calls(round: string): Promise<LedgerCall[]>;
  close(): Promise<void>;
}

export interface Pulse {
  /** Runs that have not ended. */
  open: number;
  ended: number;
  /** Runs of which a budget is passed. */
  overBudget: string[];
}

export interface LedgerRun {
  run: string;
  mark: string;
  status: string;
  lastSeq: number;
  events: number;
  firstEvent: number;
  lastEvent: number;
  /** Events of the type `run.finished`. */
  ends: number;
  lastType: string;
  /** Decisions of people. */
  decisions: number;
  /** Reserved money that no ambiguous call explains, in nano-USD. */
  unexplainedNano: number;
  reservedCalls: number;
}

export interface LedgerCall {
  run: string;
  key: string;
  state: string;
  attempts: number;
  ambiguous: number;
  /** `error` is null where it was answered. */
  tries: { error: string | null; requestId: string | null }[];
  inputTokens: number;
  outputTokens: number;
  costNano: number;
}

const passed = `b.used_nano + b.reserved_nano > b.limit_nano OR b.used_tokens + b.reserved_tokens > b.limit_tokens
  OR b.used_calls + b.reserved_calls > b.limit_calls`;
const ofRound = `r.tenant = 'default' AND r.labels @> jsonb_build_object('chaos', $1::text)`;

const pulseText = `SELECT
  (SELECT count(*)::int FROM runs r WHERE ${ofRound} AND r.finished_at IS NULL) AS open,
  (SELECT count(*)::int FROM runs r WHERE ${ofRound} AND r.finished_at IS NOT NULL) AS ended,
  ARRAY(SELECT DISTINCT b.run FROM budgets b WHERE ${passed}) AS "overBudget"`;

const runsText = `SELECT r.id AS run, r.labels ->> 'mark' AS mark, r.status, r.last_seq::int AS "lastSeq",
  count(e.seq)::int AS events, coalesce(min(e.seq), 0)::int AS "firstEvent",
  coalesce(max(e.seq), 0)::int AS "lastEvent",
  count(*) FILTER (WHERE e.type = 'run.finished')::int AS ends,
  (array_agg(e.type ORDER BY e.seq DESC))[1] AS "lastType",
  (SELECT count(*)::int FROM decisions d JOIN approvals a ON a.tenant = d.tenant AND a.id = d.approval
    WHERE a.tenant = r.tenant AND a.run = r.id) AS decisions,
  b.reserved_nano::float8 - (SELECT coalesce(sum(c.ambiguous_nano), 0)::float8 FROM calls c
    WHERE c.tenant = r.tenant AND c.run = r.id) AS "unexplainedNano",
  b.reserved_calls::int AS "reservedCalls"
  FROM runs r JOIN budgets b ON b.tenant = r.tenant AND b.run = r.id AND b.id = 'run'
  LEFT JOIN run_events e ON e.tenant = r.tenant AND e.run = r.id
  WHERE ${ofRound} GROUP BY r.tenant, r.id, b.reserved_nano, b.reserved_calls`;

const callsText = `SELECT c.run, c.key, c.state, c.attempts, c.ambiguous, c.attempts_json AS "attemptsJson",
  c.input_tokens::int AS "inputTokens", c.output_tokens::int AS "outputTokens",
  c.cost_nano::float8 AS "costNano"
  FROM calls c JOIN runs r ON r.tenant = c.tenant AND r.id = c.run WHERE ${ofRound}`;

const queryWithinMs = 20_000;

export function openLedger(url: string): Ledger {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: 5_000,
    query_timeout: queryWithinMs,
  });
  // A connection that a fault broke is replaced at the next query.
  pool.on('error', () => undefined);
  return {
    async pulse(round) {
      const { rows } = await pool.query<Pulse>(pulseText, [round]);
      return rows[0] ?? { open: 0, ended: 0, overBudget: [] };
    },
    async sentCalls() {
      const { rows } = await pool.query<{ name: string }>(
        `SELECT run || ' ' || key || ' ' || fence AS name FROM calls WHERE state = 'sent'`,
      );
      return rows.map(({ name }) => name);
    },
    runs: async (round) => (await pool.query<LedgerRun>(runsText, [round])).rows,
    async calls(round) {
      const { rows } = await pool.query<LedgerCall & { attemptsJson: string }>(callsText, [round]);
      return rows.map(({ attemptsJson, ...call }) => ({
        ...call,
        tries: JSON.parse(attemptsJson) as LedgerCall['tries'],
      }));
    },
    close: () => pool.end(),
  };
}
