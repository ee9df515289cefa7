import { createServer, type Server } from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { projectFolder } from '../support/part';
import { startPostgres, type TestPostgres } from '../support/postgres';
import { isUnreachable, plainReason } from '../../src/plain-reason';
import { openDatabase } from '../../src/ledger/database';
import { migrate } from '../../src/ledger/migrate';
import { reach } from '../../src/reach';

/** Runs a part with nothing but these settings to its end. */
function startAlone(part: string, env: Record<string, string> = {}): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(projectFolder, 'dist', part, 'main.js')],
    { env, encoding: 'utf8', timeout: 60_000 },
  );
  return { code: status, said: stdout + stderr };
}

test.each([
  ['api', 'TEMPORAL_ADDRESS, DATABASE_URL, GATEWAY_URL, FERMATA_INTERNAL_KEY'],
  ['worker', 'TEMPORAL_ADDRESS, DATABASE_URL, GATEWAY_URL, FERMATA_INTERNAL_KEY'],
  ['gateway', 'DATABASE_URL, FERMATA_INTERNAL_KEY, ANTHROPIC_API_KEY'],
])('says in one line all that the %s lacks when it is started alone', (part, names) => {
  expect(startAlone(part)).toEqual({
    code: 1,
    said: `${part}: ${names}: must be set where a part is started alone.\n`,
  });
});

describe('with a Postgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres.close(), 60_000);

  test('says in one line that there is no such database', () => {
    const url = postgres.url.replace(/postgres$/, 'elsewhere');
    const settings = {
      ...{ TEMPORAL_ADDRESS: '127.0.0.1:1', GATEWAY_URL: 'http://127.0.0.1:1', DATABASE_URL: url },
      ...{ FERMATA_INTERNAL_KEY: 'internal-key-of-the-tests', LOG_LEVEL: 'fatal' },
    };
    expect(startAlone('api', settings)).toEqual({
      code: 1,
      said: 'api: DATABASE_URL: database "elsewhere" does not exist.\n',
    });
  });

  test('waits for a database that is not there yet, and says so once', async () => {
    await postgres.stop();
    const database = openDatabase(postgres.url, 2);
    const said: string[] = [];
    const reached = reach(() => migrate(database), {
      say(line) {
        said.push(line);
        void postgres.start();
      },
      signal: new AbortController().signal,
    });
    await reached;
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/can't be reached: DATABASE_URL: connect ECONNREFUSED 127\.0\.0\.1:\d+\.$/);
    const { rows } = await database.query<{ count: number }>('SELECT count(*) AS count FROM migrations');
    expect(rows[0]?.count).toBeGreaterThan(0);
    await database.end();
  });

  test('brings the schema up to date once, however many parts try it at the same time', async () => {
    const admin = openDatabase(postgres.url, 1);
    await admin.query('CREATE DATABASE many');
    await admin.end();
    const url = postgres.url.replace(/postgres$/, 'many');
    const pools = Array.from({ length: 12 }, () => openDatabase(url, 1));
    await Promise.all(pools.map((pool) => migrate(pool)));
    const { rows } = await (pools[0] ?? openDatabase(url)).query(
      'SELECT name, count(*) AS times FROM migrations GROUP BY name',
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ times }) => times !== 1)).toEqual([]);
    await Promise.all(pools.map((pool) => pool.end()));
  });
});

test('gives up at once on what waiting does not mend', async () => {
  const wrong = Object.assign(new Error('password authentication failed for user "ada"'), { code: '28P01' });
  let tries = 0;
  const reached = reach(
    () => {
      tries += 1;
      return Promise.reject(wrong);
    },
    { say: () => undefined, signal: new AbortController().signal },
  );
  await expect(reached).rejects.toBe(wrong);
  expect(tries).toBe(1);
  expect(plainReason(wrong)).toBe('DATABASE_URL: password authentication failed for user "ada".');
  expect(plainReason(new TypeError('x is not a function'))).toBeUndefined();
});

test('ends at once when it is told to while it waits for a database', async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [path.join(projectFolder, 'dist', 'gateway', 'main.js')], {
    env: {
      ...{ DATABASE_URL: `postgres://ada@127.0.0.1:${String(port)}/postgres`, ANTHROPIC_API_KEY: 'key' },
      FERMATA_INTERNAL_KEY: 'internal-key-of-the-tests',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  await eventually('it waits', () => (said.includes("can't be reached") ? true : undefined));
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 60_000);

test('takes a server that hangs up for one that is not there', async () => {
  const port = await freePort();
  const server: Server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const database = openDatabase(`postgres://ada@127.0.0.1:${String(port)}/postgres`, 1);
  const error: unknown = await database.query('SELECT 1').catch((failure: unknown) => failure);
  expect(isUnreachable(error)).toBe(true);
  await database.end();
  server.close();
});
