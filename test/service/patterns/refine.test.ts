import { ask, planOf, useHouse } from '../support/house';

// Each ended step makes the run go on as a new Temporal run: the pattern finds itself in the middle.
const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
beforeEach(() => house.vendor.clearScript());

const refine = (mark: string, rest: object = {}) => ({
  ...{ type: 'refine', id: 'post', evaluator: 'reader', prompt: `How good is it? ${mark}` },
  generator: ask(`Write it. ${mark}`),
  ...rest,
});
const ended = async (flow: unknown) => house.ended(await house.start(planOf(flow)));
const score = (mark: string, value: number, feedback = 'Say more.') =>
  house.vendor.script({
    match: `How good is it? ${mark}`,
    then: { type: 'answer', json: { score: value, feedback } },
  });
const write = (mark: string, text: string) =>
  house.vendor.script({ match: `Write it. ${mark}`, then: { type: 'answer', text } });

test('writes, scores and writes again until it is good enough', async () => {
  for (const text of ['first text', 'second text']) await write('r1', text);
  await score('r1', 5, 'Name the price.');
  await score('r1', 8);
  const run = await ended(refine('r1', { criteria: ['It is short.'] }));
  expect(run).toMatchObject({
    status: 'completed',
    result: { output: 'second text' },
    usage: { modelCalls: 4 },
  });
  const [first = '', second = ''] = await house.asked('Write it. r1');
  expect(first).not.toContain('first text');
  expect(second).toContain('first text');
  expect(second).toContain('Name the price.');
  const [judged = ''] = await house.asked('How good is it? r1');
  expect(judged).toContain('first text');
  expect(judged).toContain('It is short.');
  expect(run.result?.decisions).toMatchObject([
    { step: 'evaluator.1', kind: 'evaluator', decision: { score: 5 } },
    { step: 'evaluator.2', kind: 'evaluator', decision: { score: 8 } },
  ]);
  expect(await house.step(run.id, 'generator.2')).toMatchObject({ output: 'second text' });
}, 60_000);

test('a check decides before the evaluator does', async () => {
  for (const text of ['short', 'long enough for anybody']) await write('r2', text);
  await score('r2', 9);
  const run = await ended(refine('r2', { checks: [{ minWords: 3 }] }));
  expect(run).toMatchObject({
    ...{ status: 'completed', result: { output: 'long enough for anybody' }, usage: { modelCalls: 3 } },
  });
  const [, second = ''] = await house.asked('Write it. r2');
  expect(second).toContain('It has 1 words; it must have at least 3.');
}, 60_000);

test.each([
  ['always the same score', { maxIterations: 9 }, [6, 6, 6], 'text 1', 3],
  ['a score that never suffices', { maxIterations: 4 }, [4, 5, 6, 7], 'text 4', 4],
])(
  'an evaluator with %s ends it with the best version',
  async (_, rest, scores, output, rounds) => {
    const mark = `r3-${String(rounds)}`;
    for (let n = 1; n <= 9; n++) await write(mark, `text ${String(n)}`);
    for (const value of [...scores, ...scores, ...scores]) await score(mark, value);
    const run = await ended(refine(mark, rest));
    expect(run).toMatchObject({
      status: 'partial',
      result: { output, incomplete: [{ code: 'threshold_missed' }] },
      usage: { modelCalls: 2 * rounds },
    });
    expect(await house.asked(`Write it. ${mark}`)).toHaveLength(rounds);
  },
  60_000,
);

test('a score out of its range is asked for again twice, then the step fails', async () => {
  for (let n = 0; n < 9; n++) await score('r4', 11);
  const run = await ended(refine('r4'));
  expect(run).toMatchObject({ status: 'failed', result: { error: { code: 'invalid_output' } } });
  expect(await house.asked('How good is it? r4')).toHaveLength(3);
}, 60_000);

test('a reviewer that never approves is asked once for each version', async () => {
  for (let n = 0; n < 9; n++)
    await house.vendor.script({
      match: 'Is it good? r5',
      then: { type: 'answer', json: { approved: false, issues: ['No.'] } },
    });
  await write('r5', 'never good');
  const review = { type: 'review', reviewer: 'reader', prompt: 'Is it good? r5', of: 'a text' };
  const run = await ended({ ...review, revise: ask('Write it. r5'), maxRevisions: 1, onExhausted: 'flag' });
  expect(run).toMatchObject({
    status: 'partial',
    result: { output: 'never good', incomplete: [{ code: 'not_approved' }] },
    usage: { modelCalls: 3 },
  });
}, 60_000);
