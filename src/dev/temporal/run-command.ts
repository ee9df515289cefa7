import { spawn } from 'node:child_process';
import { childEnvironment } from '../../config';
import { endGroup } from '../child';

export interface CommandEnd {
  /** Null when it could not be started or had to be ended. */
  code: number | null;
  /** What it wrote to both outputs, its last 10,000 characters. */
  output: string;
}

const outputCharactersMax = 10_000;

/** Runs a command to its end, or ends it and what it started when the time is up or `signal` says so. Never throws. */
export async function runCommand(
  file: string,
  parameters: string[],
  options: { timeoutMs: number; environment?: Record<string, string | undefined>; signal?: AbortSignal },
): Promise<CommandEnd> {
  return await new Promise((resolve) => {
    const child = spawn(file, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: childEnvironment(options.environment ?? {}),
    });
    const end = (): void => {
      endGroup(child.pid);
    };
    const late = setTimeout(end, options.timeoutMs);
    options.signal?.addEventListener('abort', end);
    let output = '';
    const keep = (text: Buffer): void => {
      output = (output + text.toString()).slice(-outputCharactersMax);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const finish = (code: number | null, text: string): void => {
      clearTimeout(late);
      options.signal?.removeEventListener('abort', end);
      resolve({ code, output: text });
    };
    child.on('error', (error) => {
      finish(null, error.message);
    });
    child.on('close', (code) => {
      finish(code, output);
    });
  });
}
