import type { Json } from '../contract/value';
import type { Database } from './database';

export interface PlanRow {
  name: string;
  version: string;
  digest: string;
  description: string | null;
  storedBy: string;
  createdAt: Date;
}
export interface PlanBody extends PlanRow {
  plan: Json;
  source: string;
}

const columns =
  'p.name, p.version, p.digest, p.description, p.stored_by AS "storedBy", p.created_at AS "createdAt"';

export type StoreOutcome = { type: 'stored' } | { type: 'same' } | { type: 'conflict'; digest: string };

/**
 * Stores a version, which never changes afterwards, and moves the alias `live` up to it where it is
 * the highest release and nobody has pinned the alias. One statement.
 */
export async function storePlan(
  database: Database,
  tenant: string,
  plan: Omit<PlanBody, 'createdAt'> & { eventTypes: string[] },
): Promise<StoreOutcome> {
  const stored = await database.query(
    `WITH stored AS (
       INSERT INTO plans (tenant, name, version, digest, plan_json, source, description, stored_by,
         event_types)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING name, version),
     moved AS (
       INSERT INTO plan_aliases (tenant, name, alias, version)
       SELECT $1, name, 'live', version FROM stored WHERE version !~ '-'
       ON CONFLICT (tenant, name, alias) DO UPDATE SET version = excluded.version
       WHERE NOT plan_aliases.pinned AND (plan_aliases.version IS NULL
         OR string_to_array(excluded.version, '.')::bigint[]
            > string_to_array(split_part(plan_aliases.version, '-', 1), '.')::bigint[]))
     SELECT version FROM stored`,
    [
      tenant,
      plan.name,
      plan.version,
      plan.digest,
      JSON.stringify(plan.plan),
      plan.source,
      plan.description,
      plan.storedBy,
      plan.eventTypes,
    ],
  );
  if (stored.rowCount === 1) return { type: 'stored' };
  const known = await findPlan(database, tenant, { name: plan.name, at: plan.version });
  return known === null || known.digest === plan.digest
    ? { type: 'same' }
    : { type: 'conflict', digest: known.digest };
}

/** One stored plan by name and version or alias. */
export async function findPlan(
  database: Database,
  tenant: string,
  { name, at }: { name: string; at: string },
): Promise<PlanBody | null> {
  // A version is looked for first; no alias looks like one.
  const { rows } = await database.query<PlanRow & { planJson: string; source: string }>(
    `SELECT ${columns}, p.plan_json AS "planJson", p.source FROM plans p
     WHERE p.tenant = $1 AND p.name = $2 AND (p.version = $3 OR p.version =
       (SELECT version FROM plan_aliases a WHERE a.tenant = $1 AND a.name = $2 AND a.alias = $3))`,
    [tenant, name, at],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { planJson, ...rest } = row;
  return { ...rest, plan: JSON.parse(planJson) as Json };
}

/** Finds stored plans by reference: `name` means the alias `live`; `name@…` a version or an alias. */
export function planFinder(database: Database, tenant: string): (reference: string) => Promise<Json | null> {
  return async (reference) => {
    const [name = '', at = 'live'] = reference.split('@', 2);
    return (await findPlan(database, tenant, { name, at }))?.plan ?? null;
  };
}

export interface PlanListRow {
  name: string;
  live: string | null;
  description: string | null;
  versions: number;
  updatedAt: Date;
}

/** Plans by name, one row each, with the newest version's description. */
export async function listPlans(
  database: Database,
  tenant: string,
  page: { after: string | null; limit: number },
): Promise<PlanListRow[]> {
  const { rows } = await database.query<PlanListRow>(
    `SELECT p.name, max(a.version) AS live, count(*) AS versions, max(p.created_at) AS "updatedAt",
       (array_agg(p.description ORDER BY p.created_at DESC))[1] AS description
     FROM plans p LEFT JOIN plan_aliases a ON a.tenant = p.tenant AND a.name = p.name AND a.alias = 'live'
     WHERE p.tenant = $1 AND ($2::text IS NULL OR p.name > $2)
     GROUP BY p.name ORDER BY p.name LIMIT $3`,
    [tenant, page.after, page.limit],
  );
  return rows;
}

/** All versions of a plan, newest first, and the version that its bare name runs. Null: no such plan. */
export async function listVersions(
  database: Database,
  tenant: string,
  name: string,
): Promise<{ live: string | null; versions: PlanRow[] } | null> {
  const { rows } = await database.query<PlanRow & { live: string | null }>(
    `SELECT ${columns}, a.version AS live
     FROM plans p LEFT JOIN plan_aliases a ON a.tenant = p.tenant AND a.name = p.name AND a.alias = 'live'
     WHERE p.tenant = $1 AND p.name = $2 ORDER BY p.created_at DESC, p.version DESC`,
    [tenant, name],
  );
  if (rows[0] === undefined) return null;
  return { live: rows[0].live, versions: rows };
}
