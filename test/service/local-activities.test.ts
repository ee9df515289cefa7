import { silenceRuntime } from '../../src/replay/replay';
import { openHouse, planOf, type House } from './support/house';
import { replayFaults } from './support/replays';
import { temporalTools, type TemporalTools } from './support/temporal';

let house: House;
let temporal: TemporalTools;
beforeAll(async () => {
  silenceRuntime();
  [house, temporal] = await Promise.all([openHouse(), temporalTools()]);
}, 120_000);
afterAll(() => Promise.all([house.close(), temporal.close()]), 60_000);

// Local activities side by side end in any order, and at a replay in the one in which they were
// scheduled: the results of branches would be mixed up.
test('a run with many evaluations side by side is replayed as it went', async () => {
  const branch = (name: string) => ({
    type: 'sequence',
    steps: [1, 40, 3].map((times) => ({ type: 'set', value: `${`${name} `.repeat(times)}{{ previous }}` })),
  });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const branches = Object.fromEntries(names.map((name) => [name, branch(name)]));
  const histories = [];
  for (const name of ['first', 'second', 'third']) {
    const id = await house.start(planOf({ type: 'parallel', concurrency: names.length, branches }), { name });
    expect(await house.ended(id)).toMatchObject({ status: 'completed' });
    histories.push({ name, events: await temporal.history(id) });
  }
  expect(await replayFaults(histories)).toEqual([]);
}, 120_000);
