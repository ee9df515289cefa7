import { childWorkflowId } from '../contract/workflow';
import type { Database } from './database';

/**
 * Ids that the child workflows of a run have, if they are there: of those that have told of steps, and
 * for each step under way, of which the ledger does not know whether a child carries it out.
 */
export async function idsOfChildren(database: Database, tenant: string, run: string): Promise<string[]> {
  const { rows } = await database.query<{ path: string }>(
    `SELECT child_path AS path FROM run_events
     WHERE tenant = $1 AND run = $2 AND child IS NOT NULL AND NOT superseded
     UNION
     SELECT path FROM steps WHERE tenant = $1 AND run = $2 AND status IN ('running', 'waiting')`,
    [tenant, run],
  );
  return rows.map(({ path }) => childWorkflowId(run, path));
}
