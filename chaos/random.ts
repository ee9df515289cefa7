/** Draws that are the same for the same seed, in the same order. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number; both ends may come. */
  between(least: number, most: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Draws of its own, so that what draws from one does not shift the other. */
  branch(name: string): Random;
}

/** Mulberry32: small, fast, and good enough to choose whom to hit. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('There is nothing to pick from.');
      return item;
    },
    branch: (name) => createRandom(Buffer.from(name).reduce(mix, seed)),
  };
}

function mix(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) >>> 0;
}
