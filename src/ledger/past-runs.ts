import type { Database } from './database';

const runsMax = 100;

interface PastRunsRow {
  runs: number;
  calls: number;
  costNano: number;
  seconds: number;
}

/**
 * What the last runs of the same plan came to on average, of those that got to their end. Null where
 * there is none.
 */
export async function readPastRuns(
  database: Database,
  tenant: string,
  plan: { name: string; digest: string; simulated: boolean },
): Promise<PastRunsRow | null> {
  const { rows } = await database.query<PastRunsRow>(
    `SELECT count(*) AS runs, avg(u.calls)::float8 AS calls, avg(u.cost)::float8 AS "costNano",
       avg(r.active_ms)::float8 / 1000 AS seconds
     FROM (
       SELECT id, active_ms FROM runs
       WHERE tenant = $1 AND plan_name = $2 AND plan_digest = $3 AND simulated = $4
         AND status IN ('completed', 'partial')
       ORDER BY created_at DESC LIMIT ${runsMax}) r
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(attempts), 0) AS calls, coalesce(sum(cost_nano), 0) AS cost
       FROM calls c WHERE c.tenant = $1 AND c.run = r.id) u`,
    [tenant, plan.name, plan.digest, plan.simulated],
  );
  const row = rows[0];
  return row === undefined || row.runs === 0 ? null : row;
}
