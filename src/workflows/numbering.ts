import type { NumberRange } from '../contract/journal';

/** Gives the entries of a journal their numbers. */
export interface Numbering {
  take(): number;
  /** Nothing will be written under this number. */
  giveUp(): void;
  /** The last number that was taken. */
  last(): number;
  /** How many numbers stand for an entry. */
  count(): number;
  /** What a child has counted, and nobody has been told yet: it is told once. */
  takeSkipped(): NumberRange[];
  /** The numbers so far, for the next Temporal run of the same run: they go on there. */
  numbers(): JournalNumbers;
  goOnFrom(numbers: JournalNumbers): void;
  /** Goes on behind what a child has counted: what follows from it has a higher number. */
  follow(child: JournalNumbers): void;
}

export interface JournalNumbers {
  count: number;
  givenUp: number;
}

export function createNumbering(): Numbering {
  let count = 0;
  let givenUp = 0;
  let skipped: NumberRange[] = [];
  return {
    take: () => ++count,
    giveUp() {
      givenUp++;
    },
    last: () => count,
    count: () => count - givenUp,
    takeSkipped() {
      const told = skipped;
      skipped = [];
      return told;
    },
    numbers: () => ({ count, givenUp }),
    goOnFrom(numbers) {
      ({ count, givenUp } = numbers);
    },
    follow(child) {
      if (child.count <= count) return;
      skipped.push({ first: count + 1, last: child.count });
      givenUp += child.count - count;
      count = child.count;
    },
  };
}
