import type { Agent } from '../contract/plan';
import type { Database } from './database';

/** An agent of a stored plan's live version, with what all runs of plans of that name have used of it. */
export interface AgentRow {
  plan: string;
  version: string;
  name: string;
  agent: Agent;
  runs: number;
  calls: number;
  answered: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  costNano: number;
  lastUsedAt: Date | null;
  models: { model: string; calls: number; costNano: number }[];
}

/** Agents of the live plans by plan and name. One statement. */
export async function listAgents(
  database: Database,
  tenant: string,
  page: { after: { plan: string; name: string } | null; limit: number },
): Promise<AgentRow[]> {
  // A call whose retries are spent has failed; one that will be tried again has not come to its end.
  const { rows } = await database.query<AgentRow>(
    `WITH listed AS (
       SELECT p.name AS plan, p.version, e.key AS name, e.value AS agent
       FROM plan_aliases a
       JOIN plans p ON p.tenant = a.tenant AND p.name = a.name AND p.version = a.version
       CROSS JOIN LATERAL json_each(p.plan_json::json -> 'agents') e
       WHERE a.tenant = $1 AND a.alias = 'live'
         AND ($2::text IS NULL OR (p.name COLLATE "C", e.key COLLATE "C") > ($2, $3::text))
       ORDER BY p.name COLLATE "C", e.key COLLATE "C" LIMIT $4)
     SELECT l.plan, l.version, l.name, l.agent, u.*, m.models
     FROM listed l CROSS JOIN LATERAL (
       SELECT count(DISTINCT c.run) AS runs,
         coalesce(sum(c.attempts), 0)::bigint AS calls,
         count(*) FILTER (WHERE c.state = 'done') AS answered,
         count(*) FILTER (WHERE c.state = 'failed' AND c.retry_at IS NULL) AS failed,
         coalesce(sum(c.input_tokens), 0)::bigint AS "inputTokens",
         coalesce(sum(c.output_tokens), 0)::bigint AS "outputTokens",
         coalesce(sum(c.cost_nano), 0)::bigint AS "costNano",
         max(c.sent_at) AS "lastUsedAt"
       FROM runs r JOIN calls c ON c.tenant = r.tenant AND c.run = r.id
       WHERE r.tenant = $1 AND r.plan_name = l.plan AND c.agent = l.name) u
     CROSS JOIN LATERAL (
       SELECT coalesce(json_agg(by_model ORDER BY by_model.calls DESC, by_model.model), '[]') AS models
       FROM (
         SELECT c.model, sum(c.attempts)::bigint AS calls, sum(c.cost_nano)::bigint AS "costNano"
         FROM runs r JOIN calls c ON c.tenant = r.tenant AND c.run = r.id
         WHERE r.tenant = $1 AND r.plan_name = l.plan AND c.agent = l.name AND c.attempts > 0
         GROUP BY c.model) AS by_model) m
     ORDER BY l.plan COLLATE "C", l.name COLLATE "C"`,
    [tenant, page.after?.plan ?? null, page.after?.name ?? null, page.limit],
  );
  return rows;
}
