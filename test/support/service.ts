import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newDatabase, type LedgerKind } from './database';
import { freePort } from './free-port';
import { startPart } from './part';

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON, else the text. */
  body: unknown;
}

export interface Service {
  url: string;
  /** The admin key. */
  key: string;
  internalKey: string;
  simulatorUrl: string;
  gatewayUrl: string;
  dataDir: string;
  /** One request with the admin key; headers given here win. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The process id that a part has now: `api`, `worker`, `gateway`, `simulator`, `temporal`, `database`. */
  pid(part: string): number;
  /** What the console shows. */
  output(): string;
  /** Stops as Ctrl-C does; the data stays. */
  stop(): Promise<void>;
  /** SIGKILL to every process of it, all at once; the data stays. */
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/**
 * Runs the whole service as `npm start` does, on free ports, with a task queue of its own on the
 * Temporal that all tests share (`TEMPORAL_ADDRESS: ''` in `env` gives it an embedded one). A second
 * one on the same `dataDir` goes on where the first ended: the queue is named for the folder. Its ledger is
 * a new database on the server of the tests, if there is one and `ledger` doesn't say `embedded`.
 */
export async function startService(
  options: {
    env?: Record<string, string>;
    dataDir?: string;
    ledger?: LedgerKind;
    /** Of Node.js; without it what suits a test. */
    execArgv?: string[];
  } = {},
): Promise<Service> {
  const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'fermata-service-'));
  const server = options.ledger === 'embedded' ? undefined : process.env['TEST_DATABASE_URL'];
  if (server === undefined) await useTemplate(dataDir);
  const ports = { gateway: await freePort(), simulator: await freePort() };
  const main = await startPart('dev/main', {
    env: {
      DATA_DIR: dataDir,
      PORT: String(await freePort()),
      GATEWAY_PORT: String(ports.gateway),
      SIMULATOR_PORT: String(ports.simulator),
      SIMULATOR_LATENCY_MS: '20',
      TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS'] ?? '',
      TEMPORAL_CLI_PATH: process.env['TEST_TEMPORAL_CLI'] ?? '',
      TEMPORAL_PORT: String(await freePort()),
      TEMPORAL_UI_PORT: String(await freePort()),
      WORKER_METRICS_PORT: String(await freePort()),
      FERMATA_TASK_QUEUE: path.basename(dataDir),
      ...(server === undefined ? {} : { DATABASE_URL: await databaseOf(server, dataDir) }),
      ...options.env,
    },
    ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
  });
  const url = main.url ?? '';
  const kept = (file: string): string => readFileSync(path.join(dataDir, file), 'utf8').trim();
  const key = options.env?.['FERMATA_API_KEY'] ?? kept('api-key');
  const children = (): { name: string; pid: number }[] =>
    (JSON.parse(kept('lock')) as { children: { name: string; pid: number }[] }).children;
  return {
    url,
    key,
    internalKey: options.env?.['FERMATA_INTERNAL_KEY'] ?? kept('internal-key'),
    simulatorUrl: `http://127.0.0.1:${ports.simulator}`,
    gatewayUrl: `http://127.0.0.1:${ports.gateway}`,
    dataDir,
    request: (method, target, body, headers) => request(new URL(target, url), { method, body, headers, key }),
    pid(part) {
      const child = children().find(({ name }) => name === part);
      if (child === undefined) throw new Error(`No process of ${part}.`);
      return child.pid;
    },
    output: main.output,
    stop: main.stop,
    async kill() {
      const groups = children();
      main.child.kill('SIGKILL');
      for (const { pid } of groups) killGroup(pid);
      await main.ended;
    },
    async close() {
      await main.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The database of a data folder on a server: made when it is first asked for, and left to the server's end. */
async function databaseOf(server: string, dataDir: string): Promise<string> {
  return await newDatabase(server, path.basename(dataDir).replaceAll('-', '_').toLowerCase());
}

async function useTemplate(dataDir: string): Promise<void> {
  const template = process.env['TEST_DATABASE_TEMPLATE'];
  const target = path.join(dataDir, 'postgres');
  if (template === undefined || existsSync(target)) return;
  await mkdir(dataDir, { recursive: true });
  await cp(template, target, { recursive: true });
}

/** One request with a bearer key; a text as body is sent as it is. */
export async function request(
  url: URL,
  call: { method: string; body: unknown; headers: Record<string, string> | undefined; key: string },
): Promise<Answer> {
  const response = await fetch(url, {
    method: call.method,
    headers: {
      authorization: `Bearer ${call.key}`,
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(call.body === undefined
      ? {}
      : { body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
