import { setTimeout as sleep } from 'node:timers/promises';
import { temporal } from '@temporalio/proto';
import { openStage, type Stage } from './stage';
import { printTable } from './table';

const rounds = 3;
const callMs = 20_000;
const givenUpMs = 60_000;
const started = temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;

/**
 * `kill -9` of the worker while a call is at its vendor: how long until the activity is in a worker's
 * hands again, and how long after there was a worker.
 */
export async function recovery(): Promise<void> {
  const stage = await openStage();
  const rows: string[][] = [
    ['kill to a new worker', 'kill to the next attempt', 'new worker to the next attempt'],
  ];
  try {
    await stage.setLatency(callMs);
    for (let round = 0; round < rounds; round++) rows.push(await once(stage));
  } finally {
    await stage.close();
  }
  printTable('kill -9 of the worker', rows);
}

async function once(stage: Stage): Promise<string[]> {
  const id = await stage.start(plan);
  await attempt(stage, id, 1);
  // Its heart has beaten a few times.
  await sleep(3_000);
  const before = stage.service.pid('worker');
  const restartsBefore = restarts(stage);
  const killedAt = Date.now();
  process.kill(before, 'SIGKILL');
  const ready = untilRestarted(stage, restartsBefore);
  const again = await attempt(stage, id, 2);
  const readyAt = await ready;
  await stage.temporal.workflow.getHandle(id).terminate('measured');
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return [seconds(readyAt - killedAt), seconds(again - killedAt), seconds(again - readyAt)];
}

const plan = {
  name: 'bench-recovery',
  version: '1.0.0',
  agents: { writer: { model: 'claude-sonnet', instructions: 'You write.' } },
  flow: { type: 'agent', agent: 'writer', prompt: 'Write a sentence.' },
};

/** When the server handed out so many attempts of the call, by its own clock. */
async function attempt(stage: Stage, id: string, wanted: number): Promise<number> {
  const deadline = Date.now() + givenUpMs;
  for (;;) {
    const { raw } = await stage.temporal.workflow.getHandle(id).describe();
    const call = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'callModel');
    const startedAt = call?.lastStartedTime;
    if ((call?.attempt ?? 0) >= wanted && call?.state === started && startedAt != null)
      return Number(startedAt.seconds) * 1000 + Number(startedAt.nanos) / 1e6;
    if (Date.now() > deadline) throw new Error(`Attempt ${String(wanted)} of the call of ${id} never came.`);
    await sleep(50);
  }
}

function restarts(stage: Stage): number {
  return stage.service.output().split('worker is back').length - 1;
}

async function untilRestarted(stage: Stage, before: number): Promise<number> {
  const deadline = Date.now() + givenUpMs;
  while (restarts(stage) === before) {
    if (Date.now() > deadline) throw new Error('The worker never came back.');
    await sleep(20);
  }
  return Date.now();
}
