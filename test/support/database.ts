import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureTenant } from '../../src/ledger/contents';
import { openDatabase, type Database } from '../../src/ledger/database';
import { migrate } from '../../src/ledger/migrate';
import { startPart } from './part';

export interface TestDatabase {
  url: string;
  database: Database;
  close(): Promise<void>;
}

/**
 * A fresh ledger with its schema and the tenant `default`: an embedded Postgres of its own, or a new
 * database on the server that `TEST_DATABASE_URL` names.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  return server === undefined
    ? await embedded(process.env['TEST_DATABASE_TEMPLATE'])
    : await onServer(server);
}

/** Makes the folder that embedded test databases are copied from, if it is not there: seconds saved for each of them. */
export async function makeTemplate(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const aside = `${folder}.${String(process.pid)}`;
  const made = await embedded(undefined, (data) => cp(data, aside, { recursive: true }));
  await made.close();
  // Another test run may have been first; its template is as good.
  await rename(aside, folder).catch(() => rm(aside, { recursive: true, force: true }));
}

async function embedded(
  template: string | undefined,
  beforeRemoval: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<TestDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fermata-test-'));
  const data = path.join(folder, 'postgres');
  if (template !== undefined && existsSync(template)) await cp(template, data, { recursive: true });
  const part = await startPart('dev/postgres/main', { arguments: [data, folder] });
  const url = part.url ?? '';
  const database = await prepared(url);
  return {
    url,
    database,
    async close() {
      await database.end();
      await part.stop();
      await beforeRemoval(data);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function onServer(server: string): Promise<TestDatabase> {
  const name = `fermata_test_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase(server, 1);
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = await prepared(url.href);
  return {
    url: url.href,
    database,
    async close() {
      await database.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

async function prepared(url: string): Promise<Database> {
  const database = openDatabase(url);
  await migrate(database);
  await ensureTenant(database, 'default', 'Default');
  return database;
}
