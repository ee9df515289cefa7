import { ask, planOf, useHouse } from '../support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const question = (rest: object = {}) => ({
  type: 'question',
  id: 'asked',
  title: 'Which year, {{ input.who }}?',
  ...rest,
});

test('what a person answers is the output, and later steps may name it', async () => {
  const steps = [
    question({ content: '{{ input }}' }),
    { type: 'set', value: 'In {{ steps.asked.output }}.' },
  ];
  const { run, approval } = await house.waiting(
    await house.start(planOf({ type: 'sequence', steps }), { who: 'Ada' }),
  );
  expect(run).toMatchObject({ status: 'waiting', statusReason: 'question' });
  expect(approval).toMatchObject({
    ...{ kind: 'question', title: 'Which year, Ada?', allow: ['answer', 'reject'], status: 'pending' },
    ...{ content: { who: 'Ada' }, schema: { type: 'string' } },
  });
  const { body } = await house.decide(approval.id, { decision: 'answer', content: '1843' });
  expect(body).toMatchObject({ status: 'answered', decidedContent: '1843' });
  const ended = await house.ended(run.id);
  expect(ended).toMatchObject({
    status: 'completed',
    result: { output: 'In 1843.' },
    usage: { modelCalls: 0 },
  });
  expect(ended.result?.decisions).toMatchObject([{ step: 'asked', kind: 'question', by: 'admin' }]);
}, 60_000);

test('an answer that does not fit is refused and the question stays', async () => {
  const answer = { type: 'object', required: ['year'], properties: { year: { type: 'integer' } } };
  const plan = planOf({ type: 'sequence', steps: [question({ answer })] });
  const { run, approval } = await house.waiting(await house.start(plan, { who: 'Ada' }));
  const refused = async (decision: object) => {
    expect(await house.decide(approval.id, decision)).toMatchObject({ status: 422 });
  };
  await refused({ decision: 'answer', content: 'eighteen' });
  await refused({ decision: 'answer', content: { year: '1843' } });
  await refused({ decision: 'answer' });
  await refused({ decision: 'approve' });
  await refused({ decision: 'edit', content: { year: 1843 } });
  await house.decide(approval.id, { decision: 'answer', content: { year: 1843 } });
  expect(await house.ended(run.id)).toMatchObject({
    status: 'completed',
    result: { output: { year: 1843 } },
  });
}, 60_000);

test('a rejected question fails its step, and what the plan says of failures follows', async () => {
  const reject = async (flow: object) => {
    const { run, approval } = await house.waiting(await house.start(planOf(flow), { who: 'Ada' }));
    await house.decide(approval.id, { decision: 'reject', comment: 'Nobody knows.' });
    return house.ended(run.id);
  };
  expect(await reject(question())).toMatchObject({
    status: 'failed',
    result: { error: { code: 'question_rejected', message: 'Nobody knows.', step: 'root' } },
  });
  expect(await reject(question({ onFailure: { value: 'some year: {{ error.message }}' } }))).toMatchObject({
    status: 'partial',
    result: { output: 'some year: Nobody knows.' },
  });
}, 60_000);

test.each([
  [undefined, 'failed', 'approval_expired'],
  ['approve', 'failed', 'approval_expired'],
  ['reject', 'failed', 'question_rejected'],
  ['skip', 'completed', undefined],
])(
  'when nobody answers in time onTimeout %s ends it %s',
  async (onTimeout, status, code) => {
    const flow = question({ timeout: '300ms', ...(onTimeout === undefined ? {} : { onTimeout }) });
    const run = await house.ended(await house.start(planOf(flow), { who: 'Ada' }));
    expect(run).toMatchObject({ status, result: { output: null } });
    expect(run.result?.error?.code).toBe(code);
  },
  60_000,
);

test('branches beside an open question go on', async () => {
  await house.vendor.script({ match: 'Beside m1', then: { type: 'answer', text: 'done' } });
  const branches = { person: question(), agent: ask('Beside m1') };
  const { run, approval } = await house.waiting(
    await house.start(planOf({ type: 'parallel', branches }), { who: 'Ada' }),
  );
  await house.decide(approval.id, { decision: 'answer', content: '1843' });
  expect(await house.ended(run.id)).toMatchObject({
    ...{ status: 'completed', usage: { modelCalls: 1 } },
    result: { output: { person: '1843', agent: 'done' } },
  });
}, 60_000);

test('a schema of an answer that makes no sense is refused with the plan', async () => {
  const plan = planOf(question({ answer: { type: 'sentence' }, timeout: '731d' }));
  const { body } = await house.service.request('POST', '/v1/plans/validate', plan);
  const paths = (body as { errors: { path: string }[] }).errors.map(({ path }) => path);
  expect([...new Set(paths)]).toEqual(['/flow/timeout', '/flow/answer/type']);
}, 60_000);
