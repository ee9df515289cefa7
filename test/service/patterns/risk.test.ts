import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';

// Every run goes on as a new Temporal run after each step that ends.
const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();

const says = (match: string, answer: object) =>
  house.vendor.script({ match, then: { type: 'answer', ...answer } });
const payer = {
  ...{ model: 'claude-haiku', instructions: 'You pay.' },
  output: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } },
};

test('an answer of high risk is seen by nobody before a person has approved it, across Temporal runs', async () => {
  await says('Pay. r1', { json: { amount: 10 } });
  await says('Tell what was paid. r1', { text: 'told' });
  const pay = { type: 'agent', id: 'pay', agent: 'payer', prompt: 'Pay. r1', risk: 'high' };
  const line = {
    type: 'sequence',
    steps: [
      pay,
      ask('Tell what was paid. r1 {{ steps.pay.output.amount }} {{ steps.pay.decision.decision }}'),
    ],
  };
  const rest = { type: 'sequence', steps: [1, 2, 3].map((value) => ({ type: 'set', value })) };
  const flow = { type: 'parallel', branches: { line, rest } };
  const plan = planOf(flow, {
    agents: { payer, writer: { model: 'claude-haiku', instructions: 'You tell.' } },
  });
  const { run, approval } = await house.waiting(await house.start(plan));
  expect(approval).toMatchObject({
    ...{ kind: 'approval', risk: 'high', content: { amount: 10 }, schema: payer.output },
    ...{ title: 'line.pay: may the answer of payer go on?', allow: ['approve', 'edit', 'reject'] },
  });
  expect(await house.decide(approval.id, { decision: 'edit', content: { amount: 'much' } })).toMatchObject({
    status: 422,
  });
  await house.decide(approval.id, { decision: 'edit', content: { amount: 9 } });
  const ended = await house.ended(run.id);
  expect(ended).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } });
  expect(ended.result?.decisions).toMatchObject([{ step: 'line.pay', kind: 'approval', by: 'admin' }]);
  const [told = ''] = await house.asked('Tell what was paid. r1 9 edit');
  expect(told).toContain('{"amount":9}');
  expect(told).not.toContain('10');
  expect(await house.step(run.id, 'line.pay')).toMatchObject({
    ...{ output: { amount: 9 }, decision: { decision: 'edit', by: 'admin' } },
    calls: [{ answer: '{"amount":10}' }],
  });
  expect((await chainOf(temporal, run.id)).length).toBeGreaterThan(3);
}, 60_000);

test('a rejection ends the run from within a branch, whatever onFailure says', async () => {
  await says('Write it. r2', { text: 'a text' });
  const held = ask('Write it. r2', { risk: '{{ input.risk }}', onFailure: { value: 'never' } });
  const flow = { type: 'parallel', branches: { held, beside: { type: 'set', value: 1 } } };
  const { run, approval } = await house.waiting(await house.start(planOf(flow), { risk: 'high' }));
  await house.decide(approval.id, { decision: 'reject', comment: 'Not this.' });
  expect(await house.ended(run.id)).toMatchObject({ status: 'rejected', usage: { modelCalls: 1 } });
}, 60_000);

test.each(['low', 'medium'])(
  'an answer of %s risk goes on at once, and that is recorded',
  async (risk) => {
    await says(`Write it. r3 ${risk}`, { text: 'harmless' });
    const id = await house.start(planOf(ask(`Write it. r3 ${risk}`, { risk })));
    const run = await house.ended(id);
    expect(run).toMatchObject({ status: 'completed', result: { output: 'harmless' } });
    expect((await house.step(id, 'root')).decision).toMatchObject({ decision: 'approve', by: 'policy' });
    const { body } = await house.service.request('GET', `/v1/approvals?runId=${id}&status=approved`);
    expect(body).toMatchObject({ items: [{ risk, decisions: [{ by: 'policy' }] }] });
  },
  60_000,
);

test('a template that gives no risk fails the step before anybody is asked', async () => {
  const held = ask('Never asked. r4', {
    risk: '{{ input.risk }}',
    onFailure: { value: '{{ error.message }}' },
  });
  const run = await house.ended(await house.start(planOf(held), { risk: 'some' }));
  expect(run.result?.output).toBe('/flow/risk: The risk is low, medium or high, not "some".');
  expect(await house.asked('Never asked. r4')).toEqual([]);
}, 60_000);

test('the document that agents share has the approved version only', async () => {
  await says('Add a part. r5', { text: 'as written' });
  await says('Read it. r5', { text: 'read' });
  const steps = [
    ask('Add a part. r5', { context: 'workspace', risk: 'high', isolate: true }),
    ask('Read it. r5', { context: 'workspace' }),
  ];
  const { run, approval } = await house.waiting(await house.start(planOf({ type: 'sequence', steps })));
  await house.decide(approval.id, { decision: 'edit', content: 'as approved' });
  expect(await house.ended(run.id)).toMatchObject({ status: 'completed', result: { output: 'read' } });
  const [prompt = ''] = await house.asked('Read it. r5');
  expect(prompt).toContain('as approved');
  expect(prompt).not.toContain('as written');
}, 60_000);
