import { ask, planOf, useHouse } from '../support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const fails = (match: string, times = 1) =>
  house.vendor.script({ match, times, then: { type: 'error', status: 400 } });
const escalated = (mark: string) => ({
  type: 'sequence',
  steps: [
    { type: 'set', id: 'facts', value: 'what was found' },
    ask(`Write it. ${mark}`, { id: 'draft', onFailure: 'escalate' }),
    { type: 'set', value: 'then: {{ steps.draft.output }} ({{ steps.draft.status }})' },
  ],
});
const waiting = async (flow: object) => house.waiting(await house.start(planOf(flow), { topic: 'tea' }));
const next = async (run: string, before: string) => {
  for (;;) {
    const { approval } = await house.waiting(run);
    if (approval.id !== before) return approval;
  }
};

test('shows a person the whole context, and does the step once more where they say so', async () => {
  await fails('Write it. m1', 2);
  await house.vendor.script({ match: 'Write it. m1', then: { type: 'answer', text: 'written' } });
  const { run, approval } = await waiting(escalated('m1'));
  expect(approval).toMatchObject({
    ...{ kind: 'escalation', step: 'draft', allow: ['retry', 'answer', 'skip', 'fail'] },
    content: {
      error: { code: 'vendor_error', step: 'draft' },
      input: { topic: 'tea' },
      previous: 'what was found',
    },
  });
  await house.decide(approval.id, { decision: 'retry' });
  const second = await next(run.id, approval.id);
  expect(second).toMatchObject({ step: 'draft', content: { error: { step: 'draft.again.1' } } });
  await house.decide(second.id, { decision: 'retry' });
  const ended = await house.ended(run.id);
  expect(ended).toMatchObject({
    status: 'completed',
    result: { output: 'then: written (completed)', incomplete: [] },
  });
  expect(await house.asked('Write it. m1')).toHaveLength(3);
  expect(await house.step(run.id, 'draft.again.1')).toMatchObject({ status: 'failed' });
  expect(await house.step(run.id, 'draft.again.2')).toMatchObject({ status: 'completed', output: 'written' });
  expect(await house.step(run.id, 'draft')).toMatchObject({ status: 'completed', output: 'written' });
}, 60_000);

test.each([
  [{ decision: 'answer', content: 'by hand' }, 'completed', 'then: by hand (completed)', undefined],
  [{ decision: 'skip' }, 'partial', 'then: null (incomplete)', undefined],
  [{ decision: 'fail', comment: 'No use.' }, 'failed', 'what was found', 'escalation_failed'],
])(
  'what a person decides is what becomes of the step: %j',
  async (decision, status, output, code) => {
    await fails('Write it. m2');
    const { run, approval } = await waiting(escalated('m2'));
    await house.decide(approval.id, decision);
    const ended = await house.ended(run.id);
    expect(ended).toMatchObject({ status, result: { output } });
    expect(ended.result?.error?.code).toBe(code);
    expect(ended.result?.decisions.at(-1)).toMatchObject({ kind: 'escalation', step: 'draft', by: 'admin' });
    if (status === 'partial')
      expect(ended.result?.incomplete).toMatchObject([{ step: 'draft', code: 'skipped_on_failure' }]);
  },
  60_000,
);

test('an answer in the place of an agent must fit what that agent must answer', async () => {
  const counter = {
    ...{ model: 'claude-sonnet', instructions: 'You count.' },
    output: { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } },
  };
  await fails('Count it. m3');
  const flow = { type: 'agent', agent: 'counter', prompt: 'Count it. m3', onFailure: 'escalate' };
  const { run, approval } = await house.waiting(await house.start(planOf(flow, { agents: { counter } })));
  const wrong = await house.decide(approval.id, { decision: 'answer', content: { count: 'many' } });
  expect(wrong).toMatchObject({ status: 422 });
  await house.decide(approval.id, { decision: 'answer', content: { count: 3 } });
  expect(await house.ended(run.id)).toMatchObject({ status: 'completed', result: { output: { count: 3 } } });
}, 60_000);

test('after twenty retries there is no further one', async () => {
  const flow = { type: 'set', value: '{{ input.missing.part }}', onFailure: 'escalate' };
  const { run, approval } = await waiting(flow);
  let open = approval;
  for (let retries = 0; retries < 20; retries++) {
    expect(open.allow).toContain('retry');
    await house.decide(open.id, { decision: 'retry' });
    open = await next(run.id, open.id);
  }
  expect(open.allow).toEqual(['answer', 'skip', 'fail']);
  await house.decide(open.id, { decision: 'fail' });
  expect(await house.ended(run.id)).toMatchObject({ status: 'failed' });
}, 120_000);

describe('an approval whose rejection asks for another content', () => {
  const revised = (mark: string, rest: object = {}) => ({
    ...{ type: 'approval', title: 'Send it?', content: 'first', onReject: 'revise' },
    revise: ask(`Rewrite after {{ comment }}. ${mark}`),
    ...rest,
  });

  test('revises with the comment and asks anew', async () => {
    await house.vendor.script({
      match: 'Rewrite after too long. m5',
      then: { type: 'answer', text: 'second' },
    });
    const { run, approval } = await waiting(revised('m5'));
    await house.decide(approval.id, { decision: 'reject', comment: 'too long' });
    const second = await next(run.id, approval.id);
    expect(second).toMatchObject({ content: 'second', status: 'pending' });
    await house.decide(second.id, { decision: 'approve' });
    expect(await house.ended(run.id)).toMatchObject({ status: 'completed', result: { output: 'second' } });
    expect(await house.step(run.id, 'revise.1')).toMatchObject({ output: 'second' });
    const [call] = (await house.vendor.ledger()).slice(-1);
    expect(call?.messages[0]?.text).toContain('first');
  }, 60_000);

  test('ends the run rejected once its revisions are spent', async () => {
    const { run, approval } = await waiting(revised('m6', { maxRevisions: 1 }));
    await house.decide(approval.id, { decision: 'reject', comment: 'no' });
    const second = await next(run.id, approval.id);
    await house.decide(second.id, { decision: 'reject', comment: 'still no' });
    expect(await house.ended(run.id)).toMatchObject({ status: 'rejected', usage: { modelCalls: 1 } });
  }, 60_000);

  test.each([
    [{ revise: undefined }, '/flow/onReject'],
    [{ onReject: 'reject' }, '/flow/revise'],
    [{ onReject: 'skip', revise: undefined, maxRevisions: 3 }, '/flow/maxRevisions'],
  ])('is refused where the parts do not go together: %j', async (rest, path) => {
    const plan = planOf(revised('m7', rest));
    const { body } = await house.service.request('POST', '/v1/plans/validate', plan);
    expect(body).toMatchObject({ valid: false, errors: [{ path }] });
  });
});
