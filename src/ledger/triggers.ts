import type { Json } from '../contract/value';
import type { Database } from './database';

/** A plan whose live version has a trigger for events of a type. */
export interface ArmedPlan {
  name: string;
  version: string;
  plan: Json;
  storedBy: string;
}

export async function armedPlans(database: Database, tenant: string, type: string): Promise<ArmedPlan[]> {
  const { rows } = await database.query<Omit<ArmedPlan, 'plan'> & { planJson: string }>(
    `SELECT p.name, p.version, p.plan_json AS "planJson", p.stored_by AS "storedBy"
     FROM plans p JOIN plan_aliases a
       ON a.tenant = p.tenant AND a.name = p.name AND a.alias = 'live' AND a.version = p.version
     WHERE p.tenant = $1 AND p.event_types @> ARRAY[$2] ORDER BY p.name`,
    [tenant, type],
  );
  return rows.map(({ planJson, ...rest }) => ({ ...rest, plan: JSON.parse(planJson) as Json }));
}

/** Notes that an event has started a run. */
export async function noteStarted(
  database: Database,
  { tenant, event, run }: { tenant: string; event: string; run: string },
): Promise<void> {
  await database.query(
    `INSERT INTO event_effects (tenant, event, run, path, told) VALUES ($1, $2, $3, '', true)
     ON CONFLICT DO NOTHING`,
    [tenant, event, run],
  );
}
