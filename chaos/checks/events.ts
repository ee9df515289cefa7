import { createParser } from 'eventsource-parser';
import type { RunListItem } from '../../src/contract/api';
import type { Stand } from '../stand';

/** Of all runs: their rows are all looked at already. */
const sampleMax = 25;
const streamWithinMs = 20_000;

/** Reads what a client would of some runs: 1, 2, 3 … and the end last. Answers what does not hold. */
export async function checkEvents(stand: Stand, runs: readonly RunListItem[]): Promise<string[]> {
  const apart = Math.max(1, Math.floor(runs.length / sampleMax));
  const violations: string[] = [];
  for (const { id } of runs.filter((_, index) => index % apart === 0)) {
    const seen = await readStream(stand, id);
    const numbers = seen.map(({ seq }) => seq);
    if (numbers.some((seq, index) => seq !== index + 1))
      violations.push(`The event stream of ${id} is numbered ${numbers.join(', ')}.`);
    if (seen.at(-1)?.type !== 'run.finished')
      violations.push(`The event stream of ${id} ends with ${seen.at(-1)?.type ?? 'nothing'}.`);
  }
  return violations;
}

async function readStream({ apiUrls, key }: Stand, run: string): Promise<{ seq: number; type: string }[]> {
  const seen: { seq: number; type: string }[] = [];
  const parser = createParser({
    onEvent({ id, event }) {
      if (id !== undefined) seen.push({ seq: Number(id), type: event ?? '' });
    },
  });
  const response = await fetch(new URL(`/v1/runs/${run}/events`, apiUrls[0]), {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(streamWithinMs),
  });
  parser.feed(await response.text());
  return seen;
}
