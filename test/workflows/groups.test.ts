import type { ParallelNode } from '../../src/contract/skeleton';
import type { Outcome } from '../../src/workflows/outcome';
import { parallel } from '../../src/workflows/patterns/parallel';
import { fanOf, hole } from './fan';
import { broken, done, scriptedScope, step, type Script } from './scripted-scope';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const fan = (rest: Partial<ParallelNode> = {}) => fanOf(names, { concurrency: 2, ...rest });
const good = Object.fromEntries(names.map((name) => [name, done(name)]));
const never: Outcome = { type: 'skipped', reason: 'its condition is false' };
const overBudget: Outcome = {
  ...{ type: 'stopped', cause: 'budget', owner: 'run', step: 'fan.e', reason: 'does not fit' },
  value: { inline: 'half' },
};
const play = async (node: ParallelNode, steps: Script['steps'], groupSize: number) => {
  const { scope, log } = scriptedScope({ path: 'fan', groupSize, ...(steps === undefined ? {} : { steps }) });
  return { outcome: await parallel(node, scope), log };
};

test.each<[string, Partial<ParallelNode>, Script['steps']]>([
  ['all succeed', {}, good],
  ['some fail', {}, { ...good, b: broken('refused'), f: broken('refused') }],
  ['some are skipped', { require: 7 }, { ...good, a: never, g: never }],
  ['too few succeed', { require: 7 }, { ...good, d: broken('refused') }],
  ['one has not budget enough', { require: 7 }, { ...good, e: overBudget }],
  ['none succeeds', {}, Object.fromEntries(names.map((name) => [name, broken('refused')]))],
  ['all must and one fails', { require: 'all', concurrency: 1 }, { ...good, d: broken('refused') }],
  ['enough have succeeded', { require: 4, cancelRest: true, concurrency: 1 }, good],
])('ends in groups as in one workflow where %s', async (_, rest, steps) => {
  const whole = await play(fan(rest), steps, names.length);
  const grouped = await play(fan(rest), steps, 3);
  expect(whole.log.groups).toEqual([]);
  expect(grouped.log.groups.length).toBeGreaterThan(1);
  expect(grouped.outcome).toEqual(whole.outcome);
  expect(grouped.log.notes).toEqual(whole.log.notes);
  expect(grouped.log.ran).toEqual(whole.log.ran);
});

test('keeps what earlier groups made where a later one ends the step', async () => {
  const rejected: Outcome = {
    ...{ type: 'rejected', by: 'ada', step: 'fan.d', comment: null },
    value: { inline: null },
  };
  const { outcome, log } = await play(fan({ concurrency: 1 }), { ...good, d: rejected }, 3);
  expect(log.groups).toEqual([
    [0, 3],
    [3, 6],
  ]);
  const value = { inline: { a: 'a', b: 'b', c: 'c', d: hole, e: hole, f: hole, g: hole } };
  expect(outcome).toEqual({ ...rejected, value });
});

test('tells the step that reduces them of all branches, also of those that were never begun', async () => {
  let branches: unknown = null;
  const reduce: Script['steps'] = {
    reduce: ({ names: { branches: value } = {} }) => ((branches = value), done('made')),
  };
  const rest = { require: 2, cancelRest: true, concurrency: 1, reduce: step() } as const;
  const whole = await play(fan(rest), { ...good, ...reduce }, names.length);
  const expected = branches;
  const grouped = await play(fan(rest), { ...good, ...reduce }, 3);
  expect(branches).toEqual(expected);
  expect(grouped.outcome).toEqual(whole.outcome);
});

test('hands each group its slice of the list, with the index in the whole', async () => {
  const seen: unknown[] = [];
  const items = names.map((name) => ({ inline: name }));
  const steps = Object.fromEntries(
    items.map((item, index) => [
      String(index),
      ({ names: position }: { names?: object }) => (seen.push(position), done(item.inline.toUpperCase())),
    ]),
  );
  const branches = { forEach: { at: '/forEach', uses: [] }, as: 'letter', step: step() };
  const { scope } = scriptedScope({ path: 'fan', groupSize: 3, items, steps });
  expect(await parallel(fan({ branches }), scope)).toEqual(done(names.map((name) => name.toUpperCase())));
  expect(seen).toEqual(items.map((item, index) => ({ letter: item, item, index: { inline: index } })));
});
