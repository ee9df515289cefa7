import { setTimeout as sleep } from 'node:timers/promises';
import { isUnreachable, plainReason } from './plain-reason';

const patienceMs = 60_000;
const betweenMs = 1_000;

/**
 * Connects to what a part can't start without, and for a minute tries again while nobody answers:
 * after an outage, or where all is started at once, the other may just not be there yet. Says so once, and ends
 * with `signal`.
 */
export async function reach<Connected>(
  connect: () => Promise<Connected>,
  { say, signal }: { say: (line: string) => void; signal: AbortSignal },
): Promise<Connected> {
  const deadline = Date.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await connect();
    } catch (error) {
      if (!isUnreachable(error) || Date.now() > deadline) throw error;
      if (tries === 0)
        say(
          `waiting up to ${String(patienceMs / 1000)} s for what can't be reached: ${String(plainReason(error))}`,
        );
      await sleep(betweenMs, undefined, { signal });
    }
  }
}
