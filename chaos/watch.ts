import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger';

/** Looks at the ledger all through a round. */
export interface Watch {
  /** Runs that had ended when it last looked. */
  ended(): number;
  /** Looks now, as often as it takes, for the runs that have not. */
  openNow(): Promise<number>;
  /** Runs that were seen with a budget passed. */
  overBudget(): string[];
  stop(): Promise<void>;
}

const everyMs = 500;

export function watchLedger(ledger: Ledger, round: string): Watch {
  const seen = new Set<string>();
  const over = new AbortController();
  let ended = 0;

  async function look(): Promise<number> {
    const pulse = await ledger.pulse(round);
    ended = pulse.ended;
    for (const run of pulse.overBudget) seen.add(run);
    return pulse.open;
  }

  async function lookOn(): Promise<void> {
    while (!over.signal.aborted) {
      // The database is one of those that are hit.
      await look().catch(() => undefined);
      await sleep(everyMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }

  const looking = lookOn();
  return {
    ended: () => ended,
    async openNow() {
      for (;;) {
        try {
          return await look();
        } catch {
          await sleep(100);
        }
      }
    },
    overBudget: () => [...seen],
    async stop() {
      over.abort();
      await looking;
    },
  };
}
