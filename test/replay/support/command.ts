import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { projectFolder } from '../../support/part';

export interface Replayed {
  code: number | null;
  /** What it says of each history, and the sum at the end. */
  lines: string[];
  errors: string;
}

/** Runs what `npm run replay` runs once everything is built. */
export async function replay(parameters: string[], env: Record<string, string> = {}): Promise<Replayed> {
  const child = spawn(
    process.execPath,
    [path.join(projectFolder, 'dist', 'replay', 'main.js'), ...parameters],
    {
      cwd: projectFolder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: output.split('\n').filter((line) => line !== ''), errors };
}
