import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PartMessage } from '../../src/lifecycle';

export const projectFolder = path.resolve(__dirname, '../..');

/** What parts keep on disk that are told no other place. */
const dataFolder = path.join(tmpdir(), 'fermata-test-data');

export interface Part {
  child: ChildProcess;
  url: string | undefined;
  /** Everything it has written so far. */
  output(): string;
  /** Fulfilled when it has ended. */
  ended: Promise<unknown>;
  /** SIGTERM, then waits for its end. */
  stop(): Promise<void>;
}

/** Starts a built part (`simulator/main`, `dev/postgres/main`, …) as its own process and waits until it is ready. */
export async function startPart(
  name: string,
  options: { arguments?: string[]; env?: Record<string, string>; execArgv?: string[] } = {},
): Promise<Part> {
  const child = fork(path.join(projectFolder, 'dist', `${name}.js`), options.arguments ?? [], {
    cwd: projectFolder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATA_DIR: dataFolder, ...options.env },
    // The embedded Postgres is WebAssembly: to optimize it takes longer than it lives in a test.
    execArgv: options.execArgv ?? ['--liftoff-only'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'exit');
  const url = await new Promise<string | undefined>((resolve, reject) => {
    child.on('message', (message: PartMessage) => {
      if (message.type === 'ready') resolve(message.url);
    });
    void ended.then(() => {
      reject(new Error(`${name} ended before it was ready: ${output}`));
    });
  });
  return {
    child,
    url,
    output: () => output,
    ended,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
