import type { Database } from './database';

/** How long a worker's sign of life holds. */
const seconds = 10;

/**
 * Notes that a worker of a task queue is alive. One row for all of them: what counts is whether there
 * is any.
 */
export async function noteWorker(
  database: Database,
  { taskQueue, worker }: { taskQueue: string; worker: string },
): Promise<void> {
  await database.query(
    `INSERT INTO leases (name, owner, until) VALUES ($1, $2, now() + make_interval(secs => $3))
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until`,
    [nameOf(taskQueue), worker, seconds],
  );
}

/** Whether any worker of the queue has given a sign of life lately. */
export async function hasWorker(database: Database, taskQueue: string): Promise<boolean> {
  const { rowCount } = await database.query('SELECT FROM leases WHERE name = $1 AND until > now()', [
    nameOf(taskQueue),
  ]);
  return rowCount === 1;
}

function nameOf(taskQueue: string): string {
  return `workers/${taskQueue}`;
}
