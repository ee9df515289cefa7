import { childWorkflowId } from '../contract/workflow';
import type { Database } from './database';

/** Workflow ids of the children that have told of their steps in a run. */
export async function readChildren(database: Database, tenant: string, run: string): Promise<string[]> {
  const { rows } = await database.query<{ path: string }>(
    `SELECT DISTINCT child_path AS path FROM run_events
     WHERE tenant = $1 AND run = $2 AND child IS NOT NULL AND NOT superseded`,
    [tenant, run],
  );
  return rows.map(({ path }) => childWorkflowId(run, path));
}
