import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SettingError } from '../config';
import { identify, lives, type ProcessIdentity } from './process-identity';

const Identity = z.object({ pid: z.int(), startedAt: z.string() });
const Holder = Identity.extend({ children: z.array(Identity.extend({ name: z.string() })) });
type Holder = z.infer<typeof Holder>;

export interface NamedProcess {
  name: string;
  pid: number;
}

export interface Lock {
  /** Notes the children, which may outlive a killed holder for a while. */
  record(children: NamedProcess[]): void;
  release(): void;
}

/** A gateway that is left alone first finishes the calls that are paid for. */
const orphansMsMax = 130_000;

/**
 * Takes the data folder for this process. Throws `SettingError` when another service runs on it; the
 * lock of a dead one is taken over, once its last children are gone.
 */
export async function lockFolder(folder: string, say: (line: string) => void): Promise<Lock> {
  const file = path.join(folder, 'lock');
  const self = identify(process.pid);
  if (self === undefined) throw new Error('This process has no start time.');
  const former = readHolder(file);
  if (former !== undefined) {
    if (lives(former)) throw taken(folder, former.pid);
    await untilGone(former.children, say);
  }
  const write = (children: Holder['children']): void => {
    writeFileSync(`${file}.${String(self.pid)}`, JSON.stringify({ ...self, children }));
    renameSync(`${file}.${String(self.pid)}`, file);
  };
  write([]);
  // Two that find the same stale lock both write theirs; the later one stands.
  await sleep(50);
  const holder = readHolder(file);
  if (holder?.pid !== self.pid) throw taken(folder, holder?.pid ?? 0);
  return {
    record(children) {
      write(
        children.flatMap(({ name, pid }) => {
          const identity = identify(pid);
          return identity === undefined ? [] : [{ name, ...identity }];
        }),
      );
    },
    release() {
      rmSync(file, { force: true });
    },
  };
}

function taken(folder: string, pid: number): SettingError {
  return new SettingError(
    `DATA_DIR="${folder}": another service (process ${String(pid)}) runs on this folder.`,
  );
}

function readHolder(file: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Not there, or cut short by a full disk: either way nobody's.
    return undefined;
  }
}

async function untilGone(children: ProcessIdentity[], say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + orphansMsMax;
  let left = children.filter(lives);
  if (left.length > 0) say('The last service was killed; waiting for its parts to end.');
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100);
    left = left.filter(lives);
  }
  for (const { pid } of left) process.kill(-pid, 'SIGKILL');
}
