import type { Database } from './database';

/** A Temporal run that is over and whose history the ledger lacks. */
export interface DueHistory {
  tenant: string;
  run: string;
  id: string;
}

/** What to store next, the oldest first; what failed before is left alone for a while. */
export async function readDueHistories(
  database: Database,
  {
    closedForSeconds,
    triedBeforeSeconds,
    limit,
  }: { closedForSeconds: number; triedBeforeSeconds: number; limit: number },
): Promise<DueHistory[]> {
  const { rows } = await database.query<DueHistory>(
    `SELECT tenant, run, id FROM temporal_runs
     WHERE history IS NULL AND closed_at < now() - make_interval(secs => $1)
       AND (tried_at IS NULL OR tried_at < now() - make_interval(secs => $2))
     ORDER BY closed_at LIMIT $3`,
    [closedForSeconds, triedBeforeSeconds, limit],
  );
  return rows;
}

/** Stores a history as gzip of its JSON. */
export async function storeHistory(database: Database, of: DueHistory, history: Buffer): Promise<void> {
  await database.query('UPDATE temporal_runs SET history = $4 WHERE tenant = $1 AND run = $2 AND id = $3', [
    of.tenant,
    of.run,
    of.id,
    history,
  ]);
}

/** Notes that a history can't be had: `gone` for good, else for now. */
export async function noteHistoryFailed(database: Database, of: DueHistory, gone: boolean): Promise<void> {
  await database.query(
    `UPDATE temporal_runs SET tried_at = CASE WHEN $4 THEN 'infinity' ELSE now() END
     WHERE tenant = $1 AND run = $2 AND id = $3`,
    [of.tenant, of.run, of.id, gone],
  );
}

/** A stored history, gzip of JSON; null where none is stored. */
export async function readHistory(database: Database, of: DueHistory): Promise<Buffer | null> {
  const { rows } = await database.query<{ history: Buffer | null }>(
    'SELECT history FROM temporal_runs WHERE tenant = $1 AND run = $2 AND id = $3',
    [of.tenant, of.run, of.id],
  );
  return rows[0]?.history ?? null;
}
