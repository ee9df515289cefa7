import type { ParallelNode } from '../../src/contract/skeleton';
import type { Outcome } from '../../src/workflows/outcome';
import { parallel } from '../../src/workflows/patterns/parallel';
import { fanOf, hole } from './fan';
import { broken, done, scriptedScope, step, type Script } from './scripted-scope';

const late = (owner: string, value: string): Outcome => ({
  type: 'stopped',
  cause: 'branch_time',
  owner,
  step: `${owner}.inner`,
  reason: 'late',
  value: { inline: value },
});
const overBudget: Outcome = {
  type: 'stopped',
  cause: 'budget',
  owner: 'run',
  step: 'fan.b',
  reason: 'does not fit',
  value: { inline: null },
};
const play = async (node: ParallelNode, script: Script) => {
  const { scope, log } = scriptedScope({ path: 'fan', ...script });
  return { outcome: await parallel(node, scope), log };
};

test('gives an object in the order written, whoever is first', async () => {
  const slow = () =>
    new Promise<Outcome>((resolve) =>
      setImmediate(() => {
        resolve(done('a'));
      }),
    );
  const { outcome } = await play(fanOf(['a', 'b']), { steps: { a: slow, b: done('b') } });
  expect(JSON.stringify(outcome)).toBe(JSON.stringify(done({ a: 'a', b: 'b' })));
});

test('runs no more branches at a time than it may', async () => {
  const later = (name: string) => () =>
    new Promise<Outcome>((resolve) =>
      setImmediate(() => {
        resolve(done(name));
      }),
    );
  const names = ['a', 'b', 'c', 'd', 'e'];
  const steps = Object.fromEntries(names.map((name) => [name, later(name)]));
  const { log } = await play(fanOf(names, { concurrency: 2 }), { steps });
  expect(log.openAtMost).toBe(2);
  expect(log.ran).toEqual(names);
});

test('puts a placeholder where a branch failed and names the hole once', async () => {
  const { outcome, log } = await play(fanOf(['a', 'b']), { steps: { a: broken('refused'), b: done('b') } });
  expect(outcome).toEqual(done({ a: hole, b: 'b' }));
  expect(log.notes).toEqual([{ step: 'fan.a', code: 'branch_failed' }]);
});

test('names a late branch by its deadline, and keeps its last output where the plan says partial', async () => {
  const steps = { a: late('fan.a', 'half'), b: done('b') };
  const strict = await play(fanOf(['a', 'b']), { steps });
  expect(strict.outcome).toEqual(done({ a: hole, b: 'b' }));
  expect(strict.log.notes).toEqual([{ step: 'fan.a', code: 'branch_timeout' }]);
  const lenient = await play(fanOf(['a', 'b'], { onLate: 'partial' }), { steps });
  expect(lenient.outcome).toEqual(done({ a: 'half', b: 'b' }));
});

test('fails when fewer branches succeeded than it requires', async () => {
  const { outcome } = await play(fanOf(['a', 'b'], { require: 2 }), {
    steps: { a: broken('refused'), b: done('b') },
  });
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'require_missed' } });
});

test('fails where there are fewer branches than it requires, but not where there is none', async () => {
  const rest = { require: 3, shortMisses: true } as const;
  const { outcome } = await play(fanOf(['a', 'b'], rest), { steps: { a: done('a'), b: done('b') } });
  expect(outcome).toMatchObject({
    type: 'failed',
    error: { code: 'require_missed', message: '2 of 2 branches succeeded; 3 must.' },
  });
  expect((await play(fanOf([], rest), { steps: {} })).outcome).toMatchObject({ type: 'completed' });
});

test('ends the others at the first failure when all are required', async () => {
  const never = () => new Promise<Outcome>(() => undefined);
  const { outcome, log } = await play(fanOf(['a', 'b'], { require: 'all' }), {
    steps: { a: broken('refused'), b: never },
  });
  expect(log.ended).toEqual(['b']);
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'require_missed' } });
});

test('ends the rest as soon as enough succeeded, without a hole', async () => {
  const never = () => new Promise<Outcome>(() => undefined);
  const node = fanOf(['a', 'b', 'c'], { require: 1, cancelRest: true, concurrency: 2 });
  const { outcome, log } = await play(node, { steps: { a: done('a'), b: never, c: done('c') } });
  expect(log.ended).toEqual(['b']);
  expect(log.ran).toEqual(['a', 'b']);
  expect(log.notes).toEqual([]);
  expect(outcome).toMatchObject({ type: 'completed', value: { inline: { a: 'a' } } });
});

test('goes on beside a branch whose call does not fit the budget', async () => {
  const { outcome, log } = await play(fanOf(['a', 'b', 'c']), {
    steps: { a: done('a'), b: overBudget, c: done('c') },
  });
  expect(outcome).toEqual(done({ a: 'a', b: hole, c: 'c' }));
  expect(log.notes).toEqual([{ step: 'fan.b', code: 'budget_exceeded' }]);
});

test('hands a missed requirement for want of budget to the step that carries the limit', async () => {
  const { outcome } = await play(fanOf(['b']), { steps: { b: overBudget } });
  expect(outcome).toMatchObject({
    type: 'stopped',
    cause: 'budget',
    owner: 'run',
    value: { inline: { b: hole } },
  });
});

test('ends as a whole when a person rejects in one branch, and names what had failed by then', async () => {
  const rejected: Outcome = {
    type: 'rejected',
    by: 'ada',
    step: 'fan.b',
    comment: null,
    value: { inline: null },
  };
  const never = () => new Promise<Outcome>(() => undefined);
  const steps = { a: broken('refused'), b: rejected, c: never };
  const { outcome, log } = await play(fanOf(['a', 'b', 'c']), { steps });
  expect(outcome).toMatchObject({ type: 'rejected', by: 'ada' });
  expect(log.ended).toEqual(['c']);
  expect(log.notes).toEqual([{ step: 'fan.a', code: 'branch_failed' }]);
});

test('gives an empty list for no items', async () => {
  const node = fanOf([], {
    branches: { forEach: { at: '/forEach', uses: [] }, as: 'company', step: step() },
  });
  expect((await play(node, { items: [] })).outcome).toEqual(done([]));
});

test('gives each repetition its item and index', async () => {
  const seen: unknown[] = [];
  const node = fanOf([], {
    branches: { forEach: { at: '/forEach', uses: [] }, as: 'company', step: step() },
  });
  const script: Script = {
    items: [{ inline: 'x' }, { inline: 'y' }],
    steps: {
      0: ({ names }) => (seen.push(names), done('first')),
      1: ({ names }) => (seen.push(names), done('second')),
    },
  };
  expect((await play(node, script)).outcome).toEqual(done(['first', 'second']));
  expect(seen).toEqual([
    { company: { inline: 'x' }, item: { inline: 'x' }, index: { inline: 0 } },
    { company: { inline: 'y' }, item: { inline: 'y' }, index: { inline: 1 } },
  ]);
});
