import { createJournal } from '../../src/workflows/journal';

const fact = { type: 'approval.expired', data: { approval: 'apr_1' } } as const;

test('goes on with the numbers of the Temporal run before, and counts all of them', () => {
  const first = createJournal('first');
  first.add(null, fact);
  first.add(null, fact);
  const next = createJournal('next');
  next.goOnFrom(first.numbers());
  expect(next.reserve().n).toBe(3);
  expect(next.count()).toBe(3);
});
