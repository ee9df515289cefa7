import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Database } from './database';

const folder = path.join(__dirname, 'migrations');

/**
 * Brings the schema to the newest migration. Files run in the order of their names, each once, in
 * one transaction with its record; a file that was changed after it ran is refused. Several
 * processes may call this at once: a transaction lock lets one through.
 */
export async function migrate(database: Database): Promise<void> {
  await inTurn(
    database,
    `CREATE TABLE IF NOT EXISTS migrations (
       name text PRIMARY KEY, digest text NOT NULL, at timestamptz NOT NULL DEFAULT now());`,
  );
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()) {
    const sql = readFileSync(path.join(folder, name), 'utf8');
    const digest = createHash('sha256').update(sql).digest('hex');
    const known = await database.query<{ digest: string }>('SELECT digest FROM migrations WHERE name = $1', [
      name,
    ]);
    const row = known.rows[0];
    if (row === undefined) await run(database, name, digest, sql);
    else if (row.digest !== digest) throw new Error(`Migration ${name} was changed after it ran.`);
  }
}

async function run(database: Database, name: string, digest: string, sql: string): Promise<void> {
  // The insert comes first: whoever comes second fails on the key, with nothing of the file done twice.
  const record = `INSERT INTO migrations (name, digest) VALUES ('${name}', '${digest}');`;
  try {
    await inTurn(database, `${record}\n${sql}`);
  } catch (error) {
    if ((error as { constraint?: string }).constraint !== 'migrations_pkey') throw error;
  }
}

/** Any number that nobody else locks. */
const lockNumber = 7_236_817;

/**
 * Runs statements as one transaction, one process after another: even `CREATE TABLE IF NOT EXISTS`
 * fails where two run it at once. Several statements in one simple query are one round trip.
 */
async function inTurn(database: Database, statements: string): Promise<void> {
  try {
    await database.query(
      `BEGIN; SELECT pg_advisory_xact_lock(${String(lockNumber)});\n${statements}\nCOMMIT;`,
    );
  } catch (error) {
    await database.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
