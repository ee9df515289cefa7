import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const intervalMs = 5_000;
/** As a server of Postgres has it: so many rows, and so large a part of the table. */
const changed = 'n_mod_since_analyze > 50 + n_live_tup / 10';
const dead = 'n_dead_tup > 50 + n_live_tup / 5';

/**
 * Does what the autovacuum of a server does and the embedded engine lacks. Without figures of its
 * tables it takes each for one row: what is planned so is quick for tens of rows and takes minutes for
 * thousands. It speaks through the socket like any client, so that it comes between no other's messages.
 */
export function tendTables(url: string, onError: (error: unknown) => void): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const client = new pg.Client({ connectionString: url });
  // Who waits for an answer is told; a connection that breaks at another time is told by the next answer.
  client.on('error', () => undefined);
  const work = async (): Promise<void> => {
    await client.connect();
    while (!signal.aborted) {
      await tendOnce(client, signal);
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const done = work()
    .catch(onError)
    .then(() => client.end())
    .catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function tendOnce(client: pg.Client, signal: AbortSignal): Promise<void> {
  const { rows } = await client.query<{ name: string; isDirty: boolean }>(
    `SELECT quote_ident(relname) AS name, ${dead} AS "isDirty" FROM pg_stat_user_tables
     WHERE ${changed} OR ${dead} ORDER BY relname`,
  );
  for (const { name, isDirty } of rows) {
    if (signal.aborted) return;
    await client.query(`${isDirty ? 'VACUUM (ANALYZE)' : 'ANALYZE'} ${name}`);
  }
}
