import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { projectFolder } from '../../support/part';

export interface Ended {
  exitCode: number | null;
  output: string;
  said: string;
}

export interface Running {
  child: ChildProcess;
  output(): string;
  said(): string;
  ended: Promise<Ended>;
}

export interface CommandOptions {
  url: string;
  key?: string;
  cwd?: string;
  env?: Record<string, string>;
}

const entry = path.join(projectFolder, 'dist', 'cli', 'main.js');

/** Starts the command line as its own process, without a terminal. */
export function startCommand(
  words: string[],
  { url, key = 'a-key-for-the-tests', cwd, env }: CommandOptions,
): Running {
  const child = spawn(process.execPath, [entry, ...words], {
    cwd: cwd ?? projectFolder,
    env: {
      PATH: process.env['PATH'],
      FERMATA_URL: url,
      ...(key === '' ? {} : { FERMATA_API_KEY: key }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode) => {
      resolve({ exitCode, output, said });
    });
  });
  return { child, output: () => output, said: () => said, ended };
}

// A test that fails half way must not leave a watcher that nobody ends.
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** Runs a command to its end. */
export function fermata(words: string[], options: CommandOptions): Promise<Ended> {
  return startCommand(words, options).ended;
}

/** Waits until something holds; the test's own time limit ends it otherwise. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
