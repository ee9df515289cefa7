import type { Database } from './database';

/** What the ledger can say about the whole service at this moment. */
export interface Figures {
  runs: { status: string; count: number }[];
  approvalsPending: number;
  calls: {
    vendor: string;
    model: string;
    state: string;
    simulated: string;
    count: number;
    attempts: number;
    inputTokens: number;
    outputTokens: number;
    cachedTokens: number;
    costNano: number;
  }[];
}

/** Counts runs, approvals and calls of all tenants. */
export async function readFigures(database: Database): Promise<Figures> {
  const [runs, approvals, calls] = await Promise.all([
    database.query<Figures['runs'][number]>('SELECT status, count(*) AS count FROM runs GROUP BY status'),
    database.query<{ count: number }>(`SELECT count(*) AS count FROM approvals WHERE status = 'pending'`),
    database.query<Figures['calls'][number]>(
      `SELECT vendor, model, state, simulated::text AS simulated, count(*) AS count,
         sum(attempts)::bigint AS attempts, sum(input_tokens)::bigint AS "inputTokens",
         sum(output_tokens)::bigint AS "outputTokens", sum(cached_tokens)::bigint AS "cachedTokens",
         sum(cost_nano)::bigint AS "costNano"
       FROM calls GROUP BY vendor, model, state, simulated`,
    ),
  ]);
  return { runs: runs.rows, approvalsPending: approvals.rows[0]?.count ?? 0, calls: calls.rows };
}
