import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStage, type Stage } from './stage';
import { median, quantile } from './statistics';
import { printTable } from './table';

const runs = 2000;
const startersAtOnce = 16;
const settleMs = 15_000;
const idleMs = 15_000;
const woken = 30;
const waitMsMax = 300_000;

/** 2,000 runs that wait for a person: what the worker holds and does meanwhile, and how soon one goes on. */
export async function parked(): Promise<void> {
  const stage = await openStage();
  try {
    await waiting(stage, await stage.start(plan));
    const before = memoryMb(stage, 'worker');
    const startedAt = performance.now();
    const ids = await startAll(stage);
    for (const id of ids.slice(-startersAtOnce)) await waiting(stage, id);
    const startMs = performance.now() - startedAt;
    await sleep(settleMs);
    const idle = await idleLoad(stage);
    const after = memoryMb(stage, 'worker');
    const wakes: number[] = [];
    for (const id of spread(ids, woken)) wakes.push(await wake(stage, id));
    printTable(`${String(runs)} parked runs`, [
      ['', ''],
      ['started and parked', `${((runs / startMs) * 1000).toFixed(0)} a second`],
      ['worker, resident, before', `${before.toFixed(0)} MB`],
      ['worker, resident, with all parked', `${after.toFixed(0)} MB`],
      ...idle.map(([part, share]) => [`${part}, idle`, `${share.toFixed(1)} % of a core`]),
      ['decision to end, median', `${median(wakes).toFixed(0)} ms`],
      ['decision to end, slowest of ten', `${quantile(wakes, 0.9).toFixed(0)} ms`],
    ]);
  } finally {
    await stage.close();
  }
}

const plan = {
  name: 'bench-parked',
  version: '1.0.0',
  agents: {},
  flow: {
    type: 'approval',
    id: 'sign-off',
    title: 'Go on?',
    content: 'A text.',
    risk: 'high',
    timeout: '72h',
  },
};

async function startAll(stage: Stage): Promise<string[]> {
  const ids: string[] = [];
  let left = runs;
  async function starter(): Promise<void> {
    while (left-- > 0) ids.push(await stage.start(plan));
  }
  await Promise.all(Array.from({ length: startersAtOnce }, starter));
  return ids;
}

async function waiting(stage: Stage, id: string): Promise<string> {
  const deadline = Date.now() + waitMsMax;
  for (;;) {
    const [approval] = (await stage.read(id)).approvals;
    if (approval !== undefined) return approval;
    if (Date.now() > deadline) throw new Error(`The run ${id} does not wait for anybody.`);
    await sleep(20);
  }
}

/** From the decision's request to the end of the workflow. */
async function wake(stage: Stage, id: string): Promise<number> {
  const approval = await waiting(stage, id);
  const startedAt = performance.now();
  const answer = await stage.service.request('POST', `/v1/approvals/${approval}`, { decision: 'approve' });
  if (answer.status !== 200) throw new Error(`Not decided: ${JSON.stringify(answer.body)}`);
  await stage.ended(id);
  return performance.now() - startedAt;
}

/** So many of them, from the first to the last: most have left the worker's cache. */
function spread(ids: readonly string[], count: number): string[] {
  return ids.filter((_, index) => index % Math.floor(ids.length / count) === 0).slice(0, count);
}

function memoryMb(stage: Stage, part: string): number {
  const status = readFileSync(`/proc/${String(stage.service.pid(part))}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

async function idleLoad(stage: Stage): Promise<[string, number][]> {
  const parts = ['worker', 'api', 'gateway', 'database', 'temporal'].filter((part) => hasPart(stage, part));
  const before = parts.map((part) => processorMs(stage.service.pid(part)));
  await sleep(idleMs);
  return parts.map((part, index) => {
    const spent = processorMs(stage.service.pid(part)) - (before[index] ?? 0);
    return [part, (spent / idleMs) * 100];
  });
}

function hasPart(stage: Stage, part: string): boolean {
  try {
    return stage.service.pid(part) > 0;
  } catch {
    return false;
  }
}

/** Time on a processor so far, with that of its children: Temporal's server is one. */
function processorMs(pid: number): number {
  const tickMs = 10;
  const [, after = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ');
  const fields = after.split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) * tickMs;
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .trim()
    .split(' ');
  return children
    .filter((child) => child !== '')
    .reduce((sum, child) => sum + processorMs(Number(child)), own);
}
