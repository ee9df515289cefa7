import { spawn } from 'node:child_process';
import path from 'node:path';
import { projectFolder } from '../../support/part';

/** The command line at a terminal: what the screen was sent, and somebody who types. */
export interface AtTerminal {
  screen(): string;
  type(text: string): void;
  exitCode: Promise<number | null>;
}

/** Starts the command line on a pseudo-terminal, which `script` of the system makes. */
export function atTerminal(words: string[], url: string, env: Record<string, string> = {}): AtTerminal {
  const entry = path.join(projectFolder, 'dist', 'cli', 'main.js');
  const command = [process.execPath, entry, ...words];
  const quoted = command.map((word) => `'${word}'`).join(' ');
  const form = process.platform === 'linux' ? ['-qec', quoted, '/dev/null'] : ['-q', '/dev/null', ...command];
  const child = spawn('script', form, {
    cwd: projectFolder,
    env: {
      ...{ PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh' },
      ...{ FERMATA_URL: url, FERMATA_API_KEY: 'a-key-for-the-tests', ...env },
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  return {
    screen: () => seen,
    type: (text) => child.stdin.write(text),
    exitCode: new Promise((resolve) => {
      child.once('close', resolve);
    }),
  };
}
