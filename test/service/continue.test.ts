import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { Estimate } from '../../src/contract/advice-api';
import type { Run } from '../../src/contract/api';
import { silenceRuntime } from '../../src/replay/replay';
import { projectFolder } from '../support/part';
import { example, useHouse } from './support/house';
import { chainOf } from './support/chain';
import { decideByTitle, judged, nestings, rules, type Nesting } from './support/nestings';
import { play } from './support/play';
import { replayFaults } from './support/replays';
import { useTemporal } from './support/temporal';

// Of three branches the last is carried out in a workflow of its own.
const inGroups = { FERMATA_BRANCHES_HERE_MAX: '2' };
const plain = useHouse({ env: inGroups });
const forced = useHouse({ env: { ...inGroups, FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeAll(() => {
  silenceRuntime();
});

const inputOf = (name: string): unknown =>
  JSON.parse(readFileSync(path.join(projectFolder, 'examples', name, 'input.json'), 'utf8'));

test.each(['sequence', 'parallel', 'review', 'refine', 'debate', 'approval', 'content-production'])(
  'plays the example %s the same when it goes on as a new Temporal run after every step',
  async (name) => {
    const input = inputOf(name);
    const verdict = { risk: 'medium', reason: 'The losses have no upper bound.' };
    if (name === 'debate')
      for (const { vendor } of [plain, forced]) {
        await vendor.script({
          match: 'You have answered this already',
          times: 3,
          then: { type: 'answer', json: verdict },
        });
        await vendor.script({ ...judged('Several answered independently', verdict), times: 1 });
      }
    const { id: first, ...expected } = await play(plain, example(name), { input });
    const { id, ...seen } = await play(forced, example(name), { input });
    expect(seen).toEqual(expected);
    expect(await chainOf(temporal, first)).toHaveLength(1);
    const steps = JSON.stringify(seen.steps).match(/"(completed|incomplete|failed|skipped)"/g) ?? [];
    // The root's end is the run's, and branches that end at once end together.
    expect((await chainOf(temporal, id)).length).toBeGreaterThanOrEqual(Math.min(3, steps.length));
  },
  120_000,
);

const seed = Number(process.env['FERMATA_TEST_SEED'] ?? 1003);
const count = Number(process.env['FERMATA_TEST_NESTINGS'] ?? 16);
const atOnce = 4;

test(`plays random nestings the same, and so that a worker without a cache can go on (seed ${String(seed)})`, async () => {
  console.log(`FERMATA_TEST_SEED=${String(seed)}`);
  for (const house of [plain, forced]) for (const rule of rules) await house.vendor.script(rule);
  const plans = fc.sample(nestings(), { numRuns: count, seed });
  for (let from = 0; from < plans.length; from += atOnce) {
    const played = await Promise.all(
      plans.slice(from, from + atOnce).map((nesting, index) => playBoth(nesting, from + index)),
    );
    expect(await replayFaults(await historiesOf(played.flat()))).toEqual([]);
  }
}, 900_000);

async function historiesOf(ids: string[]) {
  const histories = [];
  for (const id of ids)
    for (const [index, events] of (await chainOf(temporal, id)).entries())
      histories.push({ name: `${id} ${String(index + 1)}`, events });
  return histories;
}

/** Answers the ids of both runs. */
async function playBoth({ plan, stored }: Nesting, index: number): Promise<string[]> {
  const mark = `nesting ${String(index)}!`;
  const options = { input: { mark, yes: true, items: ['x', 'y', 'z'] }, decide: decideByTitle, mark };
  for (const { service } of [plain, forced])
    for (const inside of stored)
      expect((await service.request('POST', '/v1/plans', inside)).status).toBeLessThan(300);
  const [{ id: first, ...expected }, { id, ...seen }] = await Promise.all([
    play(plain, plan, options),
    play(forced, plan, options),
  ]);
  // When people decide is chance, and so is whether anybody works meanwhile.
  for (const played of [expected, seen])
    played.events[''] = played.events['']?.filter((event) => !event.startsWith('run.status')) ?? [];
  try {
    await expectWithinEstimate(expected.run, plan, options.input);
    expect(seen).toEqual(expected);
  } catch (error) {
    throw new Error(`${first} and ${id}, seed ${String(seed)}: ${JSON.stringify({ plan, stored })}`, {
      cause: error,
    });
  }
  return [first, id];
}

/** No run passes what is said of it before, also where the plan's limits are out of the way. */
async function expectWithinEstimate(run: unknown, plan: object, input: object): Promise<void> {
  const limits = { ...(plan as { limits: object }).limits, modelCalls: null, costUsd: 100_000 };
  const start = { plan: { ...plan, limits }, input };
  const { status, body } = await plain.service.request('POST', '/v1/runs/estimate', start);
  expect(status).toBe(200);
  const estimated = body as Estimate;
  const { usage, ...ended } = run as Pick<Run, 'status' | 'usage'> & { incomplete: string[] };
  // What a failure or a limit ends early may come to less.
  const isWhole =
    ['completed', 'partial'].includes(ended.status) && !ended.incomplete.join().includes('budget_exceeded');
  for (const figure of ['modelCalls', 'costUsd'] as const) {
    expect(estimated[figure].max).toBeGreaterThanOrEqual(usage[figure]);
    if (isWhole) expect(estimated[figure].min).toBeLessThanOrEqual(usage[figure]);
  }
}
