import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findCli } from '../src/dev/temporal/find-cli';
import { serverArguments } from '../src/dev/temporal/profile';
import { freePort } from '../test/support/free-port';
import { startHandwritten, type Handwritten } from './handwritten/start';
import { inRounds, median, ratioOf, ratioText } from './statistics';
import { printTable } from './table';

const rounds = 12;
const runsEachRound = 3;
const warmUps = 5;

/**
 * The embedded Temporal as the service starts it against `temporal server start-dev --db-filename` with
 * no other flag: the hand-written workflow with activities that return at once.
 */
export async function server(): Promise<void> {
  const cli = await findCli({
    configured: process.env['TEMPORAL_CLI_PATH'],
    searchPath: process.env['PATH'] ?? '',
    cacheFolder: path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'fermata'),
    say: console.log,
    signal: new AbortController().signal,
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'fermata-bench-'));
  const tuned = await startServer(cli, (port, uiPort) =>
    serverArguments({ databaseFile: path.join(folder, 'tuned.db'), port, uiPort, namespace: 'default' }),
  );
  const stock = await startServer(cli, (port, uiPort) => [
    ...['server', 'start-dev', '--port', String(port), '--ui-port', String(uiPort), '--log-level', 'error'],
    ...['--db-filename', path.join(folder, 'stock.db')],
  ]);
  try {
    for (let n = 0; n < warmUps; n++) {
      await tuned.worker.run('heat pumps', 'nobody');
      await stock.worker.run('heat pumps', 'nobody');
    }
    await compare(tuned.worker, stock.worker);
  } finally {
    await tuned.stop();
    await stock.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(tuned: Handwritten, stock: Handwritten): Promise<void> {
  const timed = (worker: Handwritten) => async () => {
    const times: number[] = [];
    for (let n = 0; n < runsEachRound; n++) {
      const startedAt = performance.now();
      await worker.run('heat pumps', 'nobody');
      times.push(performance.now() - startedAt);
    }
    return median(times);
  };
  const figures = await inRounds({ tuned: timed(tuned), stock: timed(stock) }, rounds);
  const { tuned: fast = [], stock: slow = [] } = figures;
  printTable(
    `Temporal as it is started here and as it comes, ${String(rounds)} rounds of ${String(runsEachRound)} runs`,
    [
      ['', 'median', '× the tuned one'],
      ['tuned', `${median(fast).toFixed(0)} ms`, ratioText(ratioOf(fast, fast))],
      ['stock', `${median(slow).toFixed(0)} ms`, ratioText(ratioOf(slow, fast))],
    ],
  );
}

async function startServer(cli: string, parameters: (port: number, uiPort: number) => string[]) {
  const port = await freePort();
  const process = spawn(cli, parameters(port, await freePort()), { stdio: 'ignore' });
  const ended = once(process, 'exit');
  const temporalAddress = `127.0.0.1:${String(port)}`;
  const connection = await connected(temporalAddress);
  const worker = await startHandwritten(new Client({ connection }), {
    ...{ temporalAddress, taskQueue: 'handwritten' },
    ...{ gatewayUrl: 'http://127.0.0.1:9', internalKey: 'unused', vendorUrl: 'http://127.0.0.1:9' },
  });
  return {
    worker,
    async stop() {
      await worker.stop();
      await connection.close();
      process.kill('SIGTERM');
      await ended;
    },
  };
}

async function connected(address: string): Promise<Connection> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return connection;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
