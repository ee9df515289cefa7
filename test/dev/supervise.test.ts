import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identify } from '../../src/dev/process-identity';
import { supervise, type Supervised } from '../../src/dev/supervise';
import { eventually } from '../support/eventually';

let folder: string;
let said: string[];
let part: Supervised | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fermata-supervise-'));
  said = [];
});
afterEach(() => {
  part?.abandon();
  part = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function begin(script: string): Supervised {
  const module = path.join(folder, 'part.js');
  writeFileSync(module, script);
  part = supervise({
    name: 'part',
    module,
    settings: { GREETING: 'hello', HOME: undefined },
    portSetting: 'PART_PORT',
    logFile: path.join(folder, 'part.log'),
    say: (line) => said.push(line),
    firstDelayMs: 20,
  });
  return part;
}

const serving = `
  console.log(process.env.GREETING, process.env.HOME, process.env.PART_PORT);
  process.on('disconnect', () => process.exit(0));
  process.send({ type: 'ready', url: 'http://127.0.0.1:4321' });
  setInterval(() => {}, 1000);
`;
const log = (): string => readFileSync(path.join(folder, 'part.log'), 'utf8');
const gone = (pid: number): true | undefined => (identify(pid) === undefined ? true : undefined);

test('gives a part its settings, its log, and tells where it listens', async () => {
  expect(await begin(serving).ready).toBe('http://127.0.0.1:4321');
  expect(log()).toBe('hello undefined undefined\n');
});

test('starts a part that was killed again, on the port that it had, and says both', async () => {
  const running = begin(serving);
  await running.ready;
  const first = running.pid() ?? 0;
  process.kill(first, 'SIGKILL');
  await eventually('it is back', () => said.find((line) => line.includes('is back')));
  expect(said[0]).toBe('part ended (SIGKILL); starting it again in 0.02 s.');
  expect(said[1]).toMatch(/^part is back after [\d.]+ s \(process \d+\)\.$/);
  expect(running.pid()).not.toBe(first);
  expect(log()).toBe('hello undefined undefined\nhello undefined 4321\n');
});

test('waits twice as long after each death in a row', async () => {
  const counter = path.join(folder, 'count');
  writeFileSync(counter, '');
  const running = begin(`
    require('node:fs').appendFileSync(${JSON.stringify(counter)}, 'x');
    if (require('node:fs').readFileSync(${JSON.stringify(counter)}).length > 1) process.exit(7);
    ${serving}
  `);
  await running.ready;
  process.kill(running.pid() ?? 0, 'SIGKILL');
  await eventually('a third attempt', () => (said.length >= 3 ? true : undefined));
  expect(said.slice(0, 3)).toEqual([
    'part ended (SIGKILL); starting it again in 0.02 s.',
    'part ended (exit code 7); starting it again in 0.04 s.',
    'part ended (exit code 7); starting it again in 0.08 s.',
  ]);
});

test('ends what a killed part leaves behind', async () => {
  const running = begin(`
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    console.log(child.pid);
    ${serving}
  `);
  await running.ready;
  const grandchild = Number(log().split('\n')[0]);
  expect(identify(grandchild)).toBeDefined();
  process.kill(running.pid() ?? 0, 'SIGKILL');
  await eventually('the grandchild is gone', () => gone(grandchild));
});

test('does not start a stopped part again', async () => {
  const running = begin(serving);
  await running.ready;
  const pid = running.pid() ?? 0;
  await running.stop(5_000);
  expect(gone(pid)).toBe(true);
  expect(said).toEqual([]);
});

test('ends a part that does not stop in time, and says so', async () => {
  const running = begin(`process.on('SIGTERM', () => {}); ${serving}`);
  await running.ready;
  await running.stop(100);
  expect(said).toEqual(['part did not stop within 0.1 s and is ended.']);
});

test('passes on why a part could not start', async () => {
  const running = begin(`process.send({ type: 'failed', message: 'PORT=1: no.' }, () => process.exit(1));`);
  await expect(running.ready).rejects.toThrow('part: PORT=1: no.');
});

test('shows the end of the log of a part that broke while it started', async () => {
  const running = begin(`console.error('the disk is full'); process.exit(3);`);
  await expect(running.ready).rejects.toThrow(
    /ended \(3\) before it was ready\.\n {4}the disk is full\n.*part\.log/,
  );
});
