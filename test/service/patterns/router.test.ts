import { ask, planOf, useHouse } from '../support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const label = (route: string, confidence = 0.9) =>
  ({ type: 'answer', json: { route, confidence, reason: 'it says so' } }) as const;
const router = (mark: string, routes: string[], rest: object = {}) => ({
  type: 'router',
  classifier: 'writer',
  prompt: `Where does it go? ${mark}`,
  routes: Object.fromEntries(
    routes.map((name) => [name, { description: `For ${name}.`, step: ask(`Answer as ${name}. ${mark}`) }]),
  ),
  ...rest,
});
const ended = async (flow: unknown) => house.ended(await house.start(planOf(flow)));

test('takes the route that its classifier chose, and says why', async () => {
  await house.vendor.script({ match: 'Where does it go? m1', then: label('billing') });
  await house.vendor.script({ match: 'Answer as billing. m1', then: { type: 'answer', text: 'refunded' } });
  const run = await ended(router('m1', ['billing', 'technical']));
  expect(run).toMatchObject({
    status: 'completed',
    result: { output: 'refunded' },
    usage: { modelCalls: 2 },
  });
  expect(run.result?.decisions).toMatchObject([
    {
      step: 'classifier',
      kind: 'classifier',
      agent: 'writer',
      decision: { route: 'billing', confidence: 0.9, reason: 'it says so' },
    },
  ]);
  const [question] = await house.asked('Where does it go? m1');
  expect(question).toContain('For billing.');
  expect(question).toContain('For technical.');
  expect(await house.step(run.id, 'billing')).toMatchObject({ status: 'completed', output: 'refunded' });
}, 60_000);

test.each([
  [ask('Answer otherwise. m2'), 'otherwise taken', 2],
  [undefined, null, 1],
])(
  'goes to otherwise where the choice is not sure enough: %j',
  async (otherwise, output, modelCalls) => {
    await house.vendor.script({ match: 'Where does it go? m2', then: label('billing', 0.4) });
    await house.vendor.script({
      match: 'Answer otherwise. m2',
      then: { type: 'answer', text: 'otherwise taken' },
    });
    const rest = { minConfidence: 0.5, ...(otherwise === undefined ? {} : { otherwise }) };
    const run = await ended(router('m2', ['billing', 'technical'], rest));
    expect(run).toMatchObject({
      status: 'completed',
      result: { output, incomplete: [] },
      usage: { modelCalls },
    });
    await house.vendor.clearScript();
  },
  60_000,
);

test('asks again with the errors where the label is unknown, twice and no more', async () => {
  await house.vendor.script({ match: 'Where does it go? m3', times: 3, then: label('complaints') });
  const run = await ended(router('m3', ['billing', 'technical']));
  expect(run).toMatchObject({ status: 'failed', result: { error: { code: 'invalid_output' } } });
  const questions = await house.asked('Where does it go? m3');
  expect(questions).toHaveLength(3);
  expect(questions[1]).toContain('/route');
}, 60_000);

test('has a person pick the route by its label, and nothing else', async () => {
  await house.vendor.script({ match: 'Where does it go? m4', then: label('billing', 0.1) });
  await house.vendor.script({ match: 'Answer as technical. m4', then: { type: 'answer', text: 'rebooted' } });
  const plan = planOf(router('m4', ['billing', 'technical'], { minConfidence: 0.5, otherwise: 'escalate' }));
  const { run, approval } = await house.waiting(await house.start(plan));
  expect(approval).toMatchObject({ kind: 'escalation', schema: { enum: ['billing', 'technical'] } });
  const wrong = await house.decide(approval.id, { decision: 'answer', content: 'complaints' });
  expect(wrong).toMatchObject({ status: 422 });
  await house.decide(approval.id, { decision: 'answer', content: 'technical' });
  expect(await house.ended(run.id)).toMatchObject({ status: 'completed', result: { output: 'rebooted' } });
}, 60_000);

test.each(['constructor', 'toString', 'a'.repeat(60)])(
  'a route may be called %s',
  async (name) => {
    await house.vendor.script({ match: 'Where does it go? m5', then: label(name) });
    await house.vendor.script({ match: `Answer as ${name}. m5`, then: { type: 'answer', text: 'there' } });
    const run = await ended(router('m5', [name, 'other']));
    expect(run).toMatchObject({ status: 'completed', result: { output: 'there' } });
  },
  60_000,
);

test.each(['générale', '__proto__', '7up', 'x'.repeat(64), 'classifier', 'otherwise'])(
  'a route called %s is refused',
  async (name) => {
    const routes = JSON.parse(`{"${name}": {"step": {"type": "set", "value": 1}}}`) as unknown;
    const answer = await house.service.request('POST', '/v1/plans/validate', {
      ...planOf({ ...router('m6', []), routes }),
    });
    const { errors } = answer.body as { errors: { path: string }[] };
    expect(errors[0]?.path).toContain('/flow/routes');
  },
);

test('a choice takes the first case that holds, else otherwise, else nothing, and asks nobody', async () => {
  const cases = [
    { when: 'input.size > 100', step: { type: 'set', value: 'large' } },
    { when: 'input.size > 10', step: { type: 'set', value: 'medium' } },
  ];
  const output = async (size: number, rest: object = {}) => {
    const run = await house.ended(await house.start(planOf({ type: 'choice', cases, ...rest }), { size }));
    expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 0 } });
    return run.result?.output;
  };
  expect(await output(1000)).toBe('large');
  expect(await output(50)).toBe('medium');
  expect(await output(5, { otherwise: { type: 'set', value: 'small' } })).toBe('small');
  expect(await output(5)).toBeNull();
}, 60_000);
