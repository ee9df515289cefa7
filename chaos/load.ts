import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../src/contract/api';
import type { Client } from './client';
import type { Random } from './random';
import type { Shape } from './shapes';

/** A run that the harness asked for. */
export interface Asked {
  /** In its input and its labels, and its idempotency key. */
  mark: string;
  shape: Shape;
  /** Its id once the start was acknowledged. */
  run: string | null;
  tries: number;
}

export interface Load {
  asked: Asked[];
  /** Model calls that the runs asked for so far must come to. */
  logicalCalls(): number;
  /** Starts no more. */
  end(): void;
  /** Fulfilled when no more are started and each start is acknowledged. */
  ended: Promise<void>;
}

export interface LoadOptions {
  client: Client;
  /** The label of this round: `chaos: <round>`. */
  round: string;
  shapes: readonly Shape[];
  random: Random;
  /** At least so many; then until `end()`. */
  runsMin: number;
  runsMax: number;
  /** How many requests are under way at a time. */
  clients: number;
  /** How many runs have ended; starts wait while `openMax` have not. */
  ended(): number;
  openMax: number;
}

const lookMs = 50;

/** Starts runs under one idempotency key each, in bounded number at a time, until it is told to end. */
export function startLoad(options: LoadOptions): Load {
  const { client, round, random } = options;
  const asked: Asked[] = [];
  let isEnding = false;

  async function startOne(): Promise<void> {
    const mark = `${round}-${String(asked.length + 1)}`;
    const one: Asked = { mark, shape: random.pick(options.shapes), run: null, tries: 0 };
    asked.push(one);
    const body = {
      plan: one.shape.plan,
      input: { mark },
      options: { labels: { chaos: round, mark } },
    };
    const { status, body: run, tries } = await client.post<Run>('/v1/runs', body, mark);
    if (status !== 201) throw new Error(`${mark} was refused with ${String(status)}: ${JSON.stringify(run)}`);
    one.run = run.id;
    one.tries = tries;
  }

  const isDone = (): boolean =>
    asked.length >= options.runsMax || (isEnding && asked.length >= options.runsMin);
  const isFull = (): boolean => asked.length - options.ended() >= options.openMax;

  async function oneAfterAnother(): Promise<void> {
    while (!isDone()) {
      if (isFull()) await sleep(lookMs);
      else await startOne();
    }
  }

  return {
    asked,
    logicalCalls: () => asked.reduce((sum, { shape }) => sum + shape.calls.length, 0),
    end() {
      isEnding = true;
    },
    ended: Promise.all(Array.from({ length: options.clients }, oneAfterAnother)).then(() => undefined),
  };
}
