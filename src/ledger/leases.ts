import type { Database } from './database';

/**
 * Takes or renews a lease row for `seconds`. False while another owner has it. A row instead of a
 * lock, because the embedded database shares one session between all its clients.
 */
export async function takeLease(
  database: Database,
  { name, owner, seconds }: { name: string; owner: string; seconds: number },
): Promise<boolean> {
  const { rowCount } = await database.query(
    `INSERT INTO leases (name, owner, until) VALUES ($1, $2, now() + make_interval(secs => $3))
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until,
       fence = leases.fence + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END
     WHERE leases.owner = excluded.owner OR leases.until < now()`,
    [name, owner, seconds],
  );
  return rowCount === 1;
}

/** Gives a lease back, so that the next one need not wait for its end. */
export async function giveLeaseBack(
  database: Database,
  { name, owner }: { name: string; owner: string },
): Promise<void> {
  await database.query('UPDATE leases SET until = now() WHERE name = $1 AND owner = $2', [name, owner]);
}
