import type { RefineNode } from '../../src/contract/skeleton';
import { refine } from '../../src/workflows/patterns/refine';
import type { Answer } from '../../src/workflows/scope';
import { done, scriptedScope, step } from './scripted-scope';

const node = (rest: Partial<RefineNode> = {}): RefineNode => ({
  ...{ type: 'refine', generator: step(), evaluator: 'critic', threshold: 8, maxIterations: 4 },
  ...{ context: { mode: 'none', maxTokens: 1 }, onExhausted: 'best', onFailure: { type: 'fail' } },
  ...rest,
});
const scores = (...values: number[]): Answer[] =>
  values.map((score) => ({
    type: 'answered',
    outcome: done({ score }),
    steer: { type: 'evaluator', score, feedback: { inline: `better than ${String(score)}` } },
  }));
const versions = Object.fromEntries(
  [1, 2, 3, 4, 5].map((n) => [`generator.${String(n)}`, done(`v${String(n)}`)]),
);

test('ends with the first version that is good enough', async () => {
  const { scope, log } = scriptedScope({ answers: scores(5, 8), steps: versions });
  expect(await refine(node(), scope)).toEqual({ ...done('v2'), decision: { inline: { score: 8 } } });
  expect(log.asked).toEqual(['evaluator.1', 'evaluator.2']);
});

test('hands the version before and its feedback to the next', async () => {
  const { scope } = scriptedScope({
    answers: scores(5, 8),
    steps: {
      'generator.1': ({ names = {} }) => done(Object.keys(names)),
      'generator.2': ({ names = {} }) => done([names['previous'], names['feedback']] as never),
    },
  });
  const outcome = await refine(node(), scope);
  expect(outcome).toMatchObject(done([{ inline: [] }, { inline: 'better than 5' }] as never));
});

test.each([
  ['the best, not the last, at its cap', [5, 7, 6, 4], 3, 'v2', ['1', '2', '3']],
  ['when two running do not beat the best', [5, 4, 5, 9], 9, 'v1', ['1', '2', '3']],
  ['no earlier than that', [5, 4, 6, 6, 6], 9, 'v3', ['1', '2', '3', '4', '5']],
])('gives the best: %s', async (_, given, maxIterations, text, asked) => {
  const { scope, log } = scriptedScope({ answers: scores(...given), steps: versions });
  expect(await refine(node({ maxIterations }), scope)).toMatchObject({
    ...{ type: 'incomplete', code: 'threshold_missed', value: { inline: text } },
  });
  expect(log.asked).toEqual(asked.map((n) => `evaluator.${n}`));
});

test('a version that fails a check scores nothing, and its evaluator is not asked', async () => {
  const checks = { at: '/checks', uses: [] };
  const { scope, log } = scriptedScope({ checks: [['too long'], []], answers: scores(9), steps: versions });
  expect(await refine(node({ checks }), scope)).toMatchObject(done('v2'));
  expect(log.asked).toEqual(['evaluator.2']);
});

test('fails where the plan says so, with the best kept', async () => {
  const { scope } = scriptedScope({ answers: scores(5), steps: versions });
  expect(await refine(node({ maxIterations: 1, onExhausted: 'fail' }), scope)).toMatchObject({
    ...{ type: 'failed', error: { code: 'threshold_missed' }, value: { inline: 'v1' } },
  });
});

test('makes one more version each time a person asks for it', async () => {
  const settled = { status: 'resolved', by: 'ada', comment: null, content: { inline: null } } as const;
  const { scope, log } = scriptedScope({
    answers: scores(5, 4, 4),
    steps: versions,
    decisions: [
      { ...settled, decision: 'retry' },
      { ...settled, decision: 'retry' },
      { ...settled, decision: 'skip' },
    ],
  });
  const outcome = await refine(node({ maxIterations: 1, onExhausted: 'escalate' }), scope);
  expect(outcome).toMatchObject({ type: 'incomplete', code: 'threshold_missed', value: { inline: 'v1' } });
  expect(log.ran).toEqual(['generator.1', 'generator.2', 'generator.3']);
});
