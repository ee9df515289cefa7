import { workflowInfo } from '@temporalio/workflow';
import type { JournalEntry, JournalFact, Carried, JournalChild } from '../contract/journal';
import type { WrittenEntries } from '../contract/workflow';
import { createNumbering, type Numbering } from './numbering';

/**
 * The run's journal as the workflow holds it. An entry stays here until an activity that carried it
 * has returned a result; several activities may carry the same entry, since it is written once.
 */
export interface Journal extends Pick<Numbering, 'numbers' | 'goOnFrom' | 'follow'> {
  add(step: string | null, fact: JournalFact): void;
  /** Takes a number for an entry that an activity will make itself. */
  reserve(): { n: number; at: string };
  /** Gives such a number up: the activity failed for good, and nothing will be written under it. */
  giveUp(n: number): void;
  /** Whether there are entries that no activity carries right now. */
  hasLoose(): boolean;
  /**
   * Runs an activity that carries entries not yet delivered, and makes the one reserved for it: all
   * where they are few, else the oldest and those that no other activity carries.
   */
  carry<T>(send: (carried: Carried) => Promise<T>, reserved?: number): Promise<T>;
  /** Which entries are known to be written. */
  written(): WrittenEntries;
  /** How many entries there have been in all, those given up left out. */
  count(): number;
  /** Nothing is left to write, and nothing is being written. */
  isWritten(): boolean;
}

/**
 * Hundreds of branches that begin at once would carry the entries of each other, which grows with the
 * square of their number. The oldest ride with all of them: they speak of the steps around.
 */
const sharedMax = 12;

/** `child` is whose journal it is where it is not the run's own workflow's. */
export function createJournal(temporalRun: string, child?: JournalChild): Journal {
  const buffer = new Map<number, JournalEntry>();
  const carriers = new Map<number, number>();
  const reserved = new Set<number>();
  const numbering = createNumbering();

  const take = () => ({ n: numbering.take(), at: new Date().toISOString() });
  const isLoose = (n: number) => (carriers.get(n) ?? 0) === 0;
  const isOpen = (n: number) => buffer.has(n) || reserved.has(n);

  function written(): WrittenEntries {
    const last = numbering.last();
    const upTo = Math.min(last, ...[...buffer.keys(), ...reserved].map((n) => n - 1));
    const beyond: number[] = [];
    for (let n = upTo + 1; n <= last; n++) if (!isOpen(n)) beyond.push(n);
    return { upTo, beyond };
  }

  /** What the ledger must know where a reset may have gone before. With many branches at work it can be long. */
  function writtenAfterReset(): Pick<Carried, 'written'> {
    const { runId, originalExecutionRunId, continuedFromExecutionRunId } = workflowInfo();
    if (runId !== originalExecutionRunId) return { written: written() };
    return continuedFromExecutionRunId === undefined ? {} : { written: { ...written(), beyond: [] } };
  }

  return {
    add(step, fact) {
      const { n, at } = take();
      const skipped = numbering.takeSkipped();
      buffer.set(n, { n, at, step, ...(skipped.length > 0 ? { skipped } : {}), ...fact });
    },
    reserve() {
      const taken = take();
      reserved.add(taken.n);
      return taken;
    },
    giveUp(n) {
      reserved.delete(n);
      numbering.giveUp();
    },
    written,
    hasLoose: () => [...buffer.keys()].some(isLoose),
    async carry(send, made) {
      const entries = [...buffer.values()].filter(({ n }, index) => index < sharedMax || isLoose(n));
      for (const { n } of entries) carriers.set(n, (carriers.get(n) ?? 0) + 1);
      try {
        const whose = child === undefined ? writtenAfterReset() : { child };
        const result = await send({ temporalRun, entries, ...whose });
        for (const { n } of entries) buffer.delete(n);
        if (made !== undefined) reserved.delete(made);
        return result;
      } finally {
        for (const { n } of entries) {
          const others = (carriers.get(n) ?? 1) - 1;
          if (others === 0) carriers.delete(n);
          else carriers.set(n, others);
        }
      }
    },
    count: numbering.count,
    isWritten: () => buffer.size === 0 && carriers.size === 0,
    numbers: numbering.numbers,
    goOnFrom: numbering.goOnFrom,
    follow: numbering.follow,
  };
}
