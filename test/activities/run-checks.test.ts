import { runChecks } from '../../src/activities/run-checks';
import type { Check } from '../../src/contract/plan';
import type { Json } from '../../src/contract/value';

const failedOf = async (output: Json, ...checks: Check[]) =>
  runChecks(checks, { output, input: { least: 3 } });

test.each<[Check, Json, Json]>([
  [{ schema: { type: 'object', required: ['a'] } }, { a: 1 }, {}],
  [{ regex: '^Dear [A-Z]' }, 'Dear Marit', 'dear Marit'],
  [{ minLength: 3 }, 'a𝒳é', '𝒳𝒳'],
  [{ maxLength: 3 }, '𝒳𝒳𝒳', 'abcd'],
  [{ minWords: 2 }, 'two words', 'one'],
  [{ maxWords: 2 }, ' two\n words ', 'three words here'],
  [{ contains: ['a', 'b'] }, 'b and a', 'a alone'],
  [{ contains: 'toString' }, 'toString()', 'nothing'],
  [{ excludes: ['TBD', '{{'] }, 'done', 'still {{ open }}'],
  [{ condition: 'output.size > input.least' }, 'long enough', 'no'],
  [
    { condition: { all: ['output.paid', { not: 'output.late' }] } },
    { paid: true, late: false },
    { paid: true, late: true },
  ],
  [{ markdown: true }, '# Title\n\n- a\n', '```js\nlet a'],
  // What is no text is looked at as JSON.
  [{ contains: '"a":1' }, { a: 1 }, { a: 2 }],
])('%j lets %j pass and refuses %j in one message', async (check, good, bad) => {
  expect(await failedOf(good, check)).toEqual([]);
  expect(await failedOf(bad, check)).toEqual([expect.stringMatching(/^It.*\.$/s)]);
});

test('says what fails in the order of the checks, and in the words of the plan where it has some', async () => {
  const checks = [
    { minWords: 50 },
    { maxWords: 100 },
    { excludes: 'cheap', message: 'Do not speak of prices.' },
  ];
  expect(await failedOf('It is cheap.', ...checks)).toEqual([
    'It has 3 words; it must have at least 50.',
    'Do not speak of prices.',
  ]);
});

test('a check that can not be run throws instead of failing', async () => {
  await expect(failedOf('a text', { condition: 'output > 3' })).rejects.toMatchObject({
    code: 'invalid_condition',
  });
  await expect(failedOf('a', { regex: '(a)\\1' })).rejects.toMatchObject({ code: 'invalid_schema' });
});

test.each([
  ['a code block that is never closed', 'a\n\n```\nlet a\n', 'line 3: the code block'],
  ['one inside a quote', '> ```\n> a\n\nb\n', 'line 1: the code block'],
  ['a longer fence that a shorter one does not close', '````\na\n```\n', 'line 1: the code block'],
  ['a comment that is never closed', 'a\n\n<!-- b\n\nc\n', 'line 3: the comment'],
  ['a row with too many cells', '| a | b |\n|---|---|\n| 1 | 2 | 3 |\n', 'line 3: the row has 3 cells'],
  ['a row with too few', 'a | b\n--|--\n1 | 2\n1\n', 'line 4: the row has 1 cells'],
])('Markdown with %s is not well formed', async (_, text, fault) => {
  expect((await failedOf(text, { markdown: true }))[0]).toContain(fault);
});

test.each([
  '> ```js\n> a\n> ```\n\n~~~\nb\n~~~~\n',
  '| a | b |\n|---|---|\n| 1 \\| 2 | 3 |\n| 4 | 5\n',
  '- ```\n  a\n  ```\n- <!-- b -->\n\n<style>\na {}\n</style>\n',
  'plain text with * stars, [brackets] and a_b_c',
  '',
])('Markdown such as %j is well formed', async (text) => {
  expect(await failedOf(text, { markdown: true })).toEqual([]);
});

test('a text made to hold up a parser of Markdown does not hold up anybody else', async () => {
  const texts = ['['.repeat(100_000), '> '.repeat(50_000), '*a_'.repeat(50_000), '`'.repeat(100_000)];
  for (const text of texts) await failedOf(text, { markdown: true }).catch(() => undefined);
  expect(await failedOf('# Fine\n', { markdown: true })).toEqual([]);
});
