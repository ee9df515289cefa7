import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFolder } from '../../src/dev/lock';
import { identify } from '../../src/dev/process-identity';

let folder: string;
let said: string[];
const say = (line: string): void => {
  said.push(line);
};
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fermata-lock-'));
  said = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const writeLock = (holder: unknown): void => {
  writeFileSync(path.join(folder, 'lock'), JSON.stringify(holder));
};

test('refuses a folder on which a living service runs, and names its process', async () => {
  const lock = await lockFolder(folder, say);
  await expect(lockFolder(folder, say)).rejects.toThrow(`process ${process.pid}) runs on this folder`);
  lock.release();
  (await lockFolder(folder, say)).release();
});

test('takes over the lock of a process that is gone, though another has its id now', async () => {
  writeLock({ pid: process.pid, startedAt: 'long ago', children: [] });
  const lock = await lockFolder(folder, say);
  lock.release();
  expect(existsSync(path.join(folder, 'lock'))).toBe(false);
});

test('takes over a lock that was cut short', async () => {
  writeFileSync(path.join(folder, 'lock'), '{"pid": 1');
  (await lockFolder(folder, say)).release();
});

test('waits for what is left of a killed service before it takes the folder', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 700)'], { stdio: 'ignore' });
  const identity = identify(child.pid ?? 0);
  writeLock({ pid: 4_000_000, startedAt: 'gone', children: [{ name: 'gateway', ...identity }] });
  const ended = once(child, 'exit');
  const lock = await lockFolder(folder, say);
  expect(child.exitCode).toBe(0);
  expect(said).toEqual(['The last service was killed; waiting for its parts to end.']);
  await ended;
  lock.release();
});

test('notes its children with what tells them from later processes of the same id', async () => {
  const lock = await lockFolder(folder, say);
  lock.record([
    { name: 'worker', pid: process.pid },
    { name: 'api', pid: 4_000_000 },
  ]);
  const { children } = JSON.parse(readFileSync(path.join(folder, 'lock'), 'utf8')) as { children: unknown };
  expect(children).toEqual([{ name: 'worker', ...identify(process.pid) }]);
  lock.release();
});
