import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, lives, type ProcessIdentity } from '../process-identity';

const waitMsMax = 10_000;

/** Notes which server works on a database file, in case whoever looks after it is killed. */
export function rememberServer(databaseFile: string, pid: number | undefined): void {
  const identity = pid === undefined ? undefined : identify(pid);
  if (identity !== undefined) writeFileSync(noteOf(databaseFile), JSON.stringify(identity));
}

/** Ends a server that was left alone on the file: two on one file would ruin it. */
export async function endLeftover(databaseFile: string, say: (line: string) => void): Promise<void> {
  const left = readNote(databaseFile);
  if (left === undefined || !lives(left)) return;
  say(`ending the Temporal server that an earlier start left behind (process ${String(left.pid)})`);
  process.kill(left.pid, 'SIGTERM');
  for (let waited = 0; waited < waitMsMax && lives(left); waited += 100) await sleep(100);
  if (lives(left)) process.kill(left.pid, 'SIGKILL');
  rmSync(noteOf(databaseFile), { force: true });
}

function noteOf(databaseFile: string): string {
  return `${databaseFile}.pid`;
}

function readNote(databaseFile: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(noteOf(databaseFile), 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
