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

test('says once which numbers a child has counted', async () => {
  const journal = createJournal('first', { id: 'c', path: 'team', first: 1 });
  journal.add(null, fact);
  journal.follow({ count: 4, givenUp: 0 });
  journal.follow({ count: 2, givenUp: 0 });
  expect(journal.reserve().n).toBe(5);
  journal.add(null, fact);
  journal.add(null, fact);
  const { entries } = await journal.carry((carried) => Promise.resolve(carried));
  expect(entries.map(({ n, skipped }) => [n, skipped])).toEqual([
    [1, undefined],
    [6, [{ first: 2, last: 4 }]],
    [7, undefined],
  ]);
  expect(journal.count()).toBe(4);
});
