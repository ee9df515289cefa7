/** The middle of some figures; the mean of the two in the middle where their number is even. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (upper + lower) / 2;
}

/** The figure that so large a share (0 to 1) of all does not exceed. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** What is measured again and again, by name. */
export type Contestants = Readonly<Record<string, () => Promise<number>>>;

/**
 * Measures all contestants in rounds, interleaved: forwards in one round, backwards in the next, so
 * that whatever else the machine does falls on all of them alike. Answers the figures of each, one a round.
 */
export async function inRounds(contestants: Contestants, rounds: number): Promise<Record<string, number[]>> {
  const names = Object.keys(contestants);
  const figures: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : [...names].reverse())
      figures[name]?.push((await contestants[name]?.()) ?? NaN);
  return figures;
}

/** How many times as long as the other one took in the same round: the median, and the middle half of the rounds. */
export interface Ratio {
  median: number;
  from: number;
  to: number;
}

export function ratioOf(figures: readonly number[], others: readonly number[]): Ratio {
  const ratios = figures.map((figure, round) => figure / (others[round] ?? NaN));
  return { median: median(ratios), from: quantile(ratios, 0.25), to: quantile(ratios, 0.75) };
}

export function ratioText({ median: middle, from, to }: Ratio): string {
  return `${middle.toFixed(2)} (${from.toFixed(2)} to ${to.toFixed(2)})`;
}
