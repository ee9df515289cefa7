import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults';
import type { Round } from './scenario';

export interface Pace {
  /** Milliseconds before each fault, both ends possible. */
  gapMs: readonly [number, number];
  /** The next fault. */
  choose(round: Round): Fault;
}

/** Strikes one fault after another until there were enough of them and enough runs were asked for. */
export async function strikeOn(round: Round, pace: Pace): Promise<void> {
  const { load, size } = round;
  while (round.strikes() < size.strikes || load.asked.length < size.runs) await strikeOnce(round, pace);
}

/** Strikes so many faults and no more, spread over the whole load: the last one when all of it was asked for. */
export async function strikeThroughout(round: Round, pace: Pace): Promise<void> {
  const { load, size } = round;
  while (round.strikes() < size.strikes) {
    const due = (size.runs * (round.strikes() + 1)) / size.strikes;
    while (load.asked.length < due) await sleep(lookMs);
    await strikeOnce(round, pace);
  }
}

async function strikeOnce(round: Round, { gapMs, choose }: Pace): Promise<void> {
  await sleep(round.random.between(gapMs[0], gapMs[1]));
  await round.apply(choose(round));
}

const lookMs = 50;

/** Fulfilled when a call is at the vendor, unanswered. */
export async function callsAtVendor({ stand }: Round): Promise<void> {
  while (stand.vendor.calls().every(({ closed }) => closed)) await sleep(lookMs);
}
