import { play } from '../../chaos/play';
import { readOptions } from '../../chaos/options';
import { allScenarios } from '../../chaos/scenarios/all';

/** Plays the short form of a round, with an own seed each time, and says it where something does not hold. */
async function shortRound(name: string, profile: 'embedded' | 'postgres'): Promise<Record<string, number>> {
  const { scenarios, seed } = readOptions([name], allScenarios);
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  const said: string[] = [];
  const report = await play({
    ...{ scenario, seed, profile, size: scenario.short },
    databaseTemplate: process.env['TEST_DATABASE_TEMPLATE'],
    say: (line) => said.push(line),
  });
  if (report.violations.length > 0)
    throw new Error([`Seed ${String(seed)}:`, ...report.violations, ...said].join('\n'));
  return report.figures;
}

test('pays every call once although workers are killed with calls in flight', async () => {
  const figures = await shortRound('worker-kills', 'postgres');
  expect(figures['faults']).toBeGreaterThanOrEqual(2);
  expect(figures['requests at the vendor']).toBe(figures['logical calls']);
}, 240_000);

test('owns up to every call that is paid twice because its gateway was killed', async () => {
  const figures = await shortRound('gateway-kills', 'postgres');
  expect(figures['at the vendor when a gateway was killed']).toBeGreaterThan(0);
  expect(figures['paid twice']).toBeLessThanOrEqual(figures['ambiguous, as the rows say'] ?? 0);
}, 240_000);

test('loses no acknowledged run although Temporal, the database and the API are killed', async () => {
  const figures = await shortRound('everything', 'embedded');
  expect(figures['faults']).toBeGreaterThanOrEqual(3);
  expect(figures['runs acknowledged']).toBeGreaterThanOrEqual(20);
}, 240_000);

test('starts one run a key although the API is killed before it answers', async () => {
  const figures = await shortRound('api-start', 'postgres');
  expect(figures['faults']).toBe(figures['starts that were repeated']);
}, 240_000);

test('heals by itself from whatever happens to the wires between the parts', async () => {
  const figures = await shortRound('network', 'postgres');
  expect(figures['faults']).toBeGreaterThanOrEqual(4);
}, 240_000);
