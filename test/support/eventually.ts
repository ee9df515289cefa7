import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is there; fails with `what` when the time is up. */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | undefined | Promise<Answer | undefined>,
  timeoutMs = 20_000,
  intervalMs = 20,
): Promise<Answer> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Never happened: ${what}`);
    await sleep(intervalMs);
  }
}
