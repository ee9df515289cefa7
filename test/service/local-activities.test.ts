import { silenceRuntime } from '../../src/replay/replay';
import { planOf, useHouse } from './support/house';
import { replayFaults } from './support/replays';
import { useTemporal } from './support/temporal';

const house = useHouse();
const temporal = useTemporal();
beforeAll(() => {
  silenceRuntime();
});

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
