import { ArgumentError, readOptions } from '../../chaos/options';
import { createRandom } from '../../chaos/random';
import { allScenarios } from '../../chaos/scenarios/all';

const namesOf = (given: string[]) => readOptions(given, allScenarios).scenarios.map(({ name }) => name);

test('reads scenarios, seed, profile and sizes', () => {
  const given = ['soak', '--seed', '7', '--on', 'postgres', '--runs', '12', '--strikes', '3', '--short'];
  expect(readOptions(given, allScenarios)).toMatchObject({
    ...{ scenarios: [{ name: 'soak' }], seed: 7, profile: 'postgres', runs: 12, strikes: 3, short: true },
  });
  expect(namesOf(['all'])).toEqual(allScenarios.map(({ name }) => name));
  expect(namesOf([])).toEqual([]);
});

test.each([
  [['no-such'], 'no-such: no such scenario.'],
  [['soak', '--on', 'mars'], '--on mars: is neither embedded nor postgres.'],
  [['gateway-failover', '--on', 'embedded'], "gateway-failover can't be played on embedded."],
  [['soak', '--seed', 'x'], '--seed x: is not a whole number.'],
  [['soak', '--sed', '7'], "Unknown option '--sed'"],
])('refuses %j', (given, message) => {
  expect(() => readOptions(given, allScenarios)).toThrow(ArgumentError);
  expect(() => readOptions(given, allScenarios)).toThrow(message);
});

test('draws the same for the same seed, and something else for another', () => {
  const draws = (seed: number, branch?: string) => {
    const random = branch === undefined ? createRandom(seed) : createRandom(seed).branch(branch);
    return Array.from({ length: 20 }, () => random.between(1, 1000));
  };
  expect(draws(7)).toEqual(draws(7));
  expect(draws(7)).not.toEqual(draws(8));
  expect(draws(7, 'load')).toEqual(draws(7, 'load'));
  expect(draws(7, 'load')).not.toEqual(draws(7));
  expect(new Set(draws(7)).size).toBeGreaterThan(15);
  expect(Math.min(...draws(7))).toBeGreaterThanOrEqual(1);
  expect(Math.max(...draws(7))).toBeLessThanOrEqual(1000);
});
