import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { childEnvironment } from '../config';
import type { PartMessage } from '../lifecycle';

export interface ChildPlan {
  name: string;
  /** The compiled file that it runs. */
  module: string;
  parameters?: string[];
  /** What its environment has otherwise than this process's. */
  settings: Record<string, string | undefined>;
  logFile: string;
  /** Lines for the console. */
  say(line: string): void;
}

export interface Child {
  process: ChildProcess;
  /** Fulfilled with its URL once it is ready; rejected when it ends before. */
  ready: Promise<string | undefined>;
  /** Fulfilled when it has ended, with how. */
  ended: Promise<string>;
}

const logBytesMax = 20 * 1024 * 1024;

/** Starts one part of the service as a process group of its own that ends when this process does. */
export function startChild(plan: ChildPlan): Child {
  const log = openLog(plan.logFile);
  const child = fork(plan.module, plan.parameters ?? [], {
    env: childEnvironment(plan.settings),
    // Its options are theirs too, but a debugger listens to one process.
    execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
    // A Ctrl-C at the terminal reaches this process alone, which then stops its children in order.
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  let failure: string | undefined;
  let isReady = false;
  const ready = new Promise<string | undefined>((resolve, reject) => {
    child.on('message', (message: PartMessage) => {
      if (message.type === 'ready') {
        isReady = true;
        resolve(message.url);
      } else if (message.type === 'failed') failure = message.message;
      else plan.say(message.line);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (isReady) return;
      const how = `ended (${signal ?? String(code)}) before it was ready.${lastLines(plan.logFile)}`;
      reject(new Error(`${plan.name}: ${failure ?? how}`));
    });
  });
  // Who restarts a child listens to its end, not to this.
  ready.catch(() => undefined);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('exit', (code, signal) => {
      endGroup(child.pid);
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  return { process: child, ready, ended };
}

/** Ends at once whatever is left of a child's process group. */
export function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function openLog(file: string): number {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(file, `${file}.old`);
  return openSync(file, 'a');
}

function lastLines(file: string): string {
  // Whoever stops the service may remove its data at the same moment.
  if (!existsSync(file)) return '';
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5);
  return `\n    ${lines.join('\n    ')}\n  The whole log: ${file}`;
}
