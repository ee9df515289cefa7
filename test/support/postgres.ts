import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { eventually } from './eventually';
import { freePort } from './free-port';

export interface TestPostgres {
  url: string;
  /** As `pg_ctl -m immediate restart`: every connection is cut, and it recovers from its log. */
  restartImmediately(): Promise<void>;
  /** As `pg_ctl -m fast stop`. */
  stop(): Promise<void>;
  /** On the same port, with the same data; waits until it answers. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

const missing =
  'No Postgres was found in PATH, by pg_config or in /usr/lib/postgresql: install it (Debian: apt-get install postgresql).';

/**
 * A real Postgres server on a fresh folder and a free port of the loopback address, durable as it comes
 * (fsync on) unless `settings` say otherwise. It ends with this process, however that ends. Throws one
 * line where none is installed.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const binaries = findBinaries();
  const user = serverUser();
  const folder = mkdtempSync(path.join(tmpdir(), 'fermata-postgres-'));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = path.join(folder, 'data');
  execFileSync(
    path.join(binaries, 'initdb'),
    ['-D', data, '-U', 'fermata', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const port = await freePort();
  const url = `postgres://fermata@127.0.0.1:${String(port)}/postgres`;
  let server: Server | undefined;

  async function start(): Promise<void> {
    const started = launch(
      [
        ...[path.join(binaries, 'postgres'), '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { ...user, cwd: folder },
    );
    server = started;
    await eventually('Postgres answers', async () => {
      if (started.guard.exitCode !== null) throw new Error(`Postgres ended: ${started.output()}`);
      return await answers(url);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined) return;
    const { guard, ended } = server;
    server = undefined;
    if (guard.exitCode === null) process.kill(postmaster(data), signal);
    await ended;
  }

  await start();
  return {
    url,
    async restartImmediately() {
      await end('SIGQUIT');
      await start();
    },
    stop: () => end('SIGINT'),
    start,
    async close() {
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface User {
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root. */
function serverUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m);
  if (line === null) throw new Error('Postgres does not run as root, and there is no user postgres.');
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

/** Whether `startPostgres` has what it starts. */
export const hasPostgres = (): boolean => binariesHere() !== undefined;

function findBinaries(): string {
  const found = binariesHere();
  if (found === undefined) throw new Error(missing);
  return found;
}

function binariesHere(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    ...byConfiguration(),
    ...versions.map((version) => path.join(debian, version, 'bin')),
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name))),
  );
}

function byConfiguration(): string[] {
  try {
    return [execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()];
  } catch {
    return [];
  }
}

interface Server {
  guard: ChildProcess;
  ended: Promise<unknown>;
  output(): string;
}

// A shell stands between: when this process is gone, however it went, its input closes and it ends the server.
const guardScript = `
  exec 3<&0
  "$@" & server=$!
  ( read -r gone <&3; kill -QUIT "$server" ) 2>/dev/null & reader=$!
  wait "$server"; code=$?
  kill "$reader" 2>/dev/null
  exit "$code"`;

function launch(command: string[], options: Partial<User> & { cwd: string }): Server {
  const guard = spawn('sh', ['-c', guardScript, 'sh', ...command], {
    ...options,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (text: Buffer): void => {
    output = (output + text.toString()).slice(-10_000);
  };
  guard.stdout.on('data', keep);
  guard.stderr.on('data', keep);
  return { guard, ended: once(guard, 'exit'), output: () => output };
}

function postmaster(data: string): number {
  return Number(readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

async function answers(url: string): Promise<true | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A server that ends while it is asked says so here as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
