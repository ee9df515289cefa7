import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureTenant } from '../../src/ledger/contents';
import { openDatabase, type Database } from '../../src/ledger/database';
import { migrate } from '../../src/ledger/migrate';
import { startPart } from './part';
import { hasPostgres, startPostgres, type TestPostgres } from './postgres';

export interface TestDatabase {
  url: string;
  database: Database;
  close(): Promise<void>;
}

/** Where a ledger is: on a Postgres server, or embedded as `npm start` has it. */
export type LedgerKind = 'server' | 'embedded';

/**
 * A fresh ledger with its schema and the tenant `default`: a new database on the server of the tests
 * (see `prepareLedgers`), or an embedded Postgres of its own.
 */
export async function testDatabase(kind: LedgerKind = 'server'): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  return server === undefined || kind === 'embedded'
    ? await embedded(process.env['TEST_DATABASE_TEMPLATE'])
    : await onServer(server);
}

/**
 * Once a test run: makes what ledgers are copied from, seconds saved for each of them, and starts the
 * Postgres server that they are on. None is started where `TEST_DATABASE_URL` names one, where
 * `TEST_DATABASE` is `embedded`, or where none is installed: the last two keep every ledger embedded.
 */
export async function prepareLedgers(templateFolder: string): Promise<TestPostgres | undefined> {
  process.env['TEST_DATABASE_TEMPLATE'] = templateFolder;
  const [server] = await Promise.all([ledgerServer(), makeTemplate(templateFolder)]);
  if (server !== undefined) process.env['TEST_DATABASE_URL'] = server.url;
  if (process.env['TEST_DATABASE_URL'] !== undefined) await makeOn(process.env['TEST_DATABASE_URL']);
  return server;
}

async function ledgerServer(): Promise<TestPostgres | undefined> {
  if (process.env['TEST_DATABASE_URL'] !== undefined || process.env['TEST_DATABASE'] === 'embedded') return;
  // Nobody takes its power away while the tests run.
  return hasPostgres() ? await startPostgres({ fsync: 'off', max_connections: '500' }) : undefined;
}

/** The database on a server that new ones are copies of. */
const templateName = 'fermata_test_template';

async function makeOn(server: string): Promise<void> {
  const url = await newDatabase(server, templateName, 'template1');
  await (await prepared(url)).end();
}

/** Makes a database on a server, if it is not there; a new one has the schema of a ledger. Answers its URL. */
export async function newDatabase(server: string, name: string, template = templateName): Promise<string> {
  const admin = openDatabase(server, 1);
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } finally {
    await admin.end();
  }
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}

async function makeTemplate(folder: string): Promise<void> {
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
  const url = await newDatabase(server, name);
  const database = openDatabase(url);
  return {
    url,
    database,
    async close() {
      await database.end();
      const admin = openDatabase(server, 1);
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
