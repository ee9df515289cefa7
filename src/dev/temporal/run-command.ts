import { spawn } from 'node:child_process';
import { childEnvironment } from '../../config';

export interface CommandEnd {
  /** Null when it could not be started or had to be ended. */
  code: number | null;
  /** What it wrote to both outputs, its last 10,000 characters. */
  output: string;
}

const outputCharactersMax = 10_000;

/** Runs a command to its end, or ends it when the time is up. Never throws. */
export async function runCommand(
  file: string,
  parameters: string[],
  options: { timeoutMs: number; environment?: Record<string, string | undefined> },
): Promise<CommandEnd> {
  return await new Promise((resolve) => {
    const child = spawn(file, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      env: childEnvironment(options.environment ?? {}),
    });
    let output = '';
    const keep = (text: Buffer): void => {
      output = (output + text.toString()).slice(-outputCharactersMax);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      resolve({ code: null, output: error.message });
    });
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}
