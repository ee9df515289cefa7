import type { Carried } from '../contract/activities';
import type { JournalEntry, JournalFact } from '../contract/journal';

/**
 * The run's journal as the workflow holds it. An entry stays here until an activity that carried it
 * has returned a result; several activities may carry the same entry, since it is written once.
 */
export interface Journal {
  add(step: string | null, fact: JournalFact): void;
  /** Takes a number for an entry that an activity will make itself. */
  reserve(): { n: number; at: string };
  /** Gives such a number up: the activity failed for good, and nothing will be written under it. */
  giveUp(): void;
  /** Whether there are entries that no activity carries right now. */
  hasLoose(): boolean;
  /** Runs an activity that carries every entry not yet delivered. */
  carry<T>(send: (carried: Carried) => Promise<T>): Promise<T>;
  /** How many entries there have been in all, those given up left out. */
  count(): number;
}

export function createJournal(temporalRun: string): Journal {
  const buffer = new Map<number, JournalEntry>();
  const carriers = new Map<number, number>();
  let count = 0;
  let givenUp = 0;

  const reserve = () => ({ n: ++count, at: new Date().toISOString() });

  return {
    add(step, fact) {
      const { n, at } = reserve();
      buffer.set(n, { n, at, step, ...fact });
    },
    reserve,
    giveUp: () => {
      givenUp++;
    },
    hasLoose: () => [...buffer.keys()].some((n) => (carriers.get(n) ?? 0) === 0),
    async carry(send) {
      const entries = [...buffer.values()];
      for (const { n } of entries) carriers.set(n, (carriers.get(n) ?? 0) + 1);
      try {
        const result = await send({ temporalRun, entries });
        for (const { n } of entries) buffer.delete(n);
        return result;
      } finally {
        for (const { n } of entries) carriers.set(n, (carriers.get(n) ?? 1) - 1);
      }
    },
    count: () => count - givenUp,
  };
}
