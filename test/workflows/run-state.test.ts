import { limits } from '../../src/contract/limits';
import { noteIncomplete, type RunState } from '../../src/workflows/run-state';

// All that noting looks at.
const empty = () => ({ incomplete: [] as RunState['incomplete'] }) as RunState;

test('a hole stands for those below it, and is noted once', () => {
  const run = empty();
  noteIncomplete(run, 'fan.1.draft', 'truncated', 'too long');
  noteIncomplete(run, 'fan.1', 'branch_failed', 'it broke');
  noteIncomplete(run, 'fan.2', 'branch_failed', 'it broke');
  noteIncomplete(run, 'fan.1', 'branch_failed', 'it broke');
  expect(run.incomplete.map(({ step }) => step)).toEqual(['fan.1', 'fan.2']);
});

test('ten thousand holes with long reasons fit the argument of one activity, each named once', () => {
  const run = empty();
  const reason = 'invalid_request: the vendor says that this can not be answered. '.repeat(10);
  const few = limits.incompleteInFull;
  const steps = Array.from({ length: 2 * few }, (_, index) => `fan.${String(index)}`);
  for (const step of steps) noteIncomplete(run, step, 'branch_failed', reason);
  noteIncomplete(run, steps.at(-1) ?? '', 'branch_failed', reason);
  expect(run.incomplete.map(({ step }) => step)).toEqual(steps);
  expect(run.incomplete[0]?.reason).toBe(reason);
  const bytes = (from: number) => JSON.stringify(run.incomplete.slice(from, from + few)).length;
  const all = bytes(0) + ((limits.forEachItemsMax - few) / few) * bytes(few);
  expect(all).toBeLessThan(1.9 * 1024 * 1024);
});
