import type { Database } from './database';

/** What the ledger can say about the whole service at this moment. */
export interface Figures {
  runs: { status: string; count: number }[];
  approvalsPending: number;
  /** Calls that are under way, by state. */
  callsOpen: { state: string; count: number }[];
  /** Everything that was ever asked of a model. */
  models: {
    vendor: string;
    model: string;
    simulated: string;
    calls: number;
    attempts: number;
    inputTokens: number;
    outputTokens: number;
    cachedTokens: number;
    costNano: number;
    /** Requests whose answers were lost and may have been paid for, and the most that they may have cost. */
    ambiguous: number;
    ambiguousNano: number;
  }[];
}

/** Counts runs, approvals and calls of all tenants. */
export async function readFigures(database: Database): Promise<Figures> {
  const [runs, approvals, open, models] = await Promise.all([
    database.query<Figures['runs'][number]>('SELECT status, count(*) AS count FROM runs GROUP BY status'),
    database.query<{ count: number }>(`SELECT count(*) AS count FROM approvals WHERE status = 'pending'`),
    database.query<Figures['callsOpen'][number]>(
      `SELECT state, count(*) AS count FROM calls WHERE state IN ('registered', 'reserved', 'sent') GROUP BY state`,
    ),
    database.query<Figures['models'][number]>(
      `SELECT vendor, model, simulated::text AS simulated, count(*) AS calls,
         sum(attempts)::bigint AS attempts, sum(input_tokens)::bigint AS "inputTokens",
         sum(output_tokens)::bigint AS "outputTokens", sum(cached_tokens)::bigint AS "cachedTokens",
         sum(cost_nano)::bigint AS "costNano", sum(ambiguous)::bigint AS ambiguous,
         sum(ambiguous_nano)::bigint AS "ambiguousNano"
       FROM calls GROUP BY vendor, model, simulated`,
    ),
  ]);
  return {
    runs: runs.rows,
    approvalsPending: approvals.rows[0]?.count ?? 0,
    callsOpen: open.rows,
    models: models.rows,
  };
}
