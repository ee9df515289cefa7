import { setTimeout as pause } from 'node:timers/promises';
import { Refusal, Unreachable } from './refusal';

const patienceMs = 60_000;
const retryMs = 1_000;

/** Asks again for a minute while the service is away or stopping, as a watcher of a long run should. */
export async function withPatience<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isPassing(error) || Date.now() > until) throw error;
      await pause(retryMs);
    }
  }
}

/** Whether asking again may help: the service is away, stopping or busy. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Refusal) return error.problem.status >= 500 || error.problem.status === 429;
  return error instanceof Unreachable;
}
