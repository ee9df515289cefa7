import type { ReviewNode } from '../../src/contract/skeleton';
import { review } from '../../src/workflows/patterns/review';
import type { Answer, Settled } from '../../src/workflows/scope';
import { done, scriptedScope, step } from './scripted-scope';

const gate = (rest: Partial<ReviewNode> = {}): ReviewNode => ({
  type: 'review',
  reviewer: 'critic',
  context: { mode: 'none', maxTokens: 1 },
  revise: step(),
  maxRevisions: 2,
  onExhausted: 'flag',
  onFailure: { type: 'fail' },
  ...rest,
});
const says = (approved: boolean): Answer => ({
  type: 'answered',
  outcome: done({}),
  steer: { type: 'reviewer', approved, issues: { inline: approved ? [] : ['too long'] } },
});
const settled = (decision: Settled['decision'], content = 'by hand'): Settled => ({
  status: 'resolved',
  decision,
  by: 'ada',
  comment: null,
  content: { inline: content },
});
const revisions = { 'revise.1': done('v2'), 'revise.2': done('v3'), 'revise.3': done('v4') };

test('passes the text on unchanged when the reviewer approves at once', async () => {
  const { scope, log } = scriptedScope({ previous: 'v1', answers: [says(true)] });
  expect(await review(gate(), scope)).toEqual({ ...done('v1'), decision: { inline: {} } });
  expect(log.asked).toEqual(['reviewer.1']);
});

test('revises until the reviewer approves', async () => {
  const { scope, log } = scriptedScope({
    previous: 'v1',
    answers: [says(false), says(true)],
    steps: revisions,
  });
  expect(await review(gate(), scope)).toMatchObject(done('v2'));
  expect(log.ran).toEqual(['revise.1']);
  expect(log.asked).toEqual(['reviewer.1', 'reviewer.2']);
});

test('ends at its cap with the last version, flagged', async () => {
  const answers = [says(false), says(false), says(false)];
  const { scope, log } = scriptedScope({ previous: 'v1', answers, steps: revisions });
  expect(await review(gate(), scope)).toMatchObject({
    type: 'incomplete',
    code: 'not_approved',
    value: { inline: 'v3' },
  });
  expect(log.ran).toEqual(['revise.1', 'revise.2']);
});

test('fails at its cap where the plan says so, and keeps the last version', async () => {
  const { scope } = scriptedScope({ previous: 'v1', answers: [says(false)] });
  const outcome = await review(gate({ maxRevisions: 0, onExhausted: 'fail' }), scope);
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'not_approved' }, value: { inline: 'v1' } });
});

test('asks a person at its cap, and a retry is one more round', async () => {
  const { scope, log } = scriptedScope({
    previous: 'v1',
    answers: [says(false), says(true)],
    decisions: [settled('retry')],
    steps: revisions,
  });
  expect(await review(gate({ maxRevisions: 0, onExhausted: 'escalate' }), scope)).toMatchObject(done('v2'));
  expect(log.matters[0]).toMatchObject({ kind: 'escalation', allow: ['retry', 'answer', 'skip', 'fail'] });
});

test.each([
  ['answer', done('by hand')],
  ['skip', { type: 'incomplete', code: 'not_approved', value: { inline: 'v1' } }],
  ['fail', { type: 'failed', error: { code: 'escalation_failed' } }],
] as const)('does what the person says: %s', async (decision, expected) => {
  const { scope } = scriptedScope({ previous: 'v1', answers: [says(false)], decisions: [settled(decision)] });
  expect(await review(gate({ maxRevisions: 0, onExhausted: 'escalate' }), scope)).toMatchObject(expected);
});

test('ends with the text it has when a call does not fit the budget', async () => {
  const stopped = {
    type: 'stopped',
    cause: 'budget',
    owner: 'run',
    step: 'gate.reviewer.1',
    reason: 'x',
    value: { inline: null },
  } as const;
  const { scope } = scriptedScope({
    previous: 'v1',
    answers: [{ type: 'answered', outcome: stopped, steer: null }],
  });
  expect(await review(gate(), scope)).toEqual({ ...stopped, value: { inline: 'v1' } });
});

test('takes what fails its checks for issues, and asks no reviewer about it', async () => {
  const { scope, log } = scriptedScope({
    previous: 'v1',
    checks: [['too long'], []],
    answers: [says(true)],
    steps: { 'revise.1': ({ names }) => done(`mended: ${JSON.stringify(names?.['issues'])}`) },
  });
  const outcome = await review(gate({ checks: { at: '/checks', uses: [] } }), scope);
  expect(outcome).toMatchObject(done('mended: {"inline":["too long"]}'));
  expect(log.asked).toEqual(['reviewer.2']);
});

test('says that it was the checks that its last version did not pass', async () => {
  const { scope, log } = scriptedScope({ previous: 'v1', checks: [['too long']] });
  const outcome = await review(gate({ checks: { at: '/checks', uses: [] }, maxRevisions: 0 }), scope);
  expect(outcome).toMatchObject({
    ...{ type: 'incomplete', code: 'not_approved', value: { inline: 'v1' } },
    reason: 'The last version did not pass its checks.',
  });
  expect(log.asked).toEqual([]);
});
