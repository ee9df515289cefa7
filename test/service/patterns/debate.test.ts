import { planOf, useHouse } from '../support/house';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
beforeEach(() => house.vendor.clearScript());

const agent = (instructions: string) => ({ model: 'claude-haiku', instructions, rateLimit: 100_000 });
const agents = {
  ada: agent('You are Ada.'),
  ben: agent('You are Ben.'),
  cleo: agent('You are Cleo.'),
  judge: agent('You reconcile.'),
};
const debate = (mark: string, rest: object = {}) => ({
  ...{ type: 'debate', panel: ['ada', 'ben', 'cleo'], judge: 'judge', prompt: `Is it a risk? ${mark}` },
  ...rest,
});
const ended = async (flow: unknown) => house.ended(await house.start(planOf(flow, { agents })));
const says = (system: string, text: string, times = 1) =>
  house.vendor.script({ match: system, times, then: { type: 'answer', text } });
const decides = (confidence: number, points: string[] = [], times = 1) => {
  const disagreements = points.map((point) => ({ point, positions: ['yes', 'no'] }));
  const json = { answer: 'A small one.', confidence, agreements: [], disagreements };
  return house.vendor.script({ match: 'You reconcile.', times, then: { type: 'answer', json } });
};
const sayDifferently = async (times = 9) => {
  await says('You are Ada.', 'Ada-text: none.', times);
  await says('You are Ben.', 'Ben-text: great.', times);
  await says('You are Cleo.', 'Cleo-text: some.', times);
};

test('the panel answers independently, then knowing the others unnamed, and a judge reconciles', async () => {
  await sayDifferently();
  await decides(0.8, ['how large']);
  const run = await ended(debate('d1', { rounds: 2 }));
  expect(run).toMatchObject({
    ...{ status: 'completed', result: { output: 'A small one.' }, usage: { modelCalls: 7 } },
  });
  expect(run.result?.decisions).toMatchObject([
    { step: 'judge', kind: 'judge', decision: { confidence: 0.8, disagreements: [{ point: 'how large' }] } },
  ]);
  for (const system of ['You are Ada.', 'You are Ben.', 'You are Cleo.']) {
    const [first = '', second = ''] = await house.asked('Is it a risk? d1', system);
    expect(first).not.toMatch(/-text:/);
    for (const other of ['Ada-text', 'Ben-text', 'Cleo-text']) expect(second.split(other)).toHaveLength(2);
    expect(second).not.toMatch(/\b(ada|ben|cleo)\b/);
  }
  const [judged = ''] = await house.asked('Is it a risk? d1', 'You reconcile.');
  expect(judged).toContain('Ben-text: great.');
  expect(judged).not.toMatch(/\b(ada|ben|cleo)\b/);
}, 60_000);

test('answers that are equal but for case and white space end it before its last round', async () => {
  await says('You are Ada.', 'No risk.');
  await says('You are Ben.', '  no risk.\n');
  await says('You are Cleo.', 'NO RISK.');
  await decides(1);
  const run = await ended(debate('d2', { rounds: 5 }));
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 4 } });
}, 60_000);

test.each([
  ['less sure than it must be', {}, 0.2, []],
  ['not of one mind where that is asked for', { strict: true }, 0.9, ['how large']],
])(
  'a panel that never agrees ends at its rounds, with the reason: %s',
  async (_, rest, confidence, points) => {
    await sayDifferently();
    await decides(confidence, points, 9);
    const run = await ended(debate(`d3-${String(confidence)}`, { rounds: 3, ...rest }));
    expect(run).toMatchObject({
      status: 'partial',
      result: { output: 'A small one.', incomplete: [{ step: 'root', code: 'rounds_exhausted' }] },
      usage: { modelCalls: 10 },
    });
  },
  60_000,
);

test('a person has the debate held again, then answers', async () => {
  await sayDifferently();
  await decides(0.1, [], 9);
  const flow = debate('d4', { onDisagreement: 'escalate' });
  const { run, approval } = await house.waiting(await house.start(planOf(flow, { agents })));
  expect(approval).toMatchObject({ kind: 'escalation', content: { confidence: 0.1 } });
  await house.decide(approval.id, { decision: 'retry' });
  const second = await house.waiting(run.id);
  expect(second.run.usage.modelCalls).toBe(8);
  await house.decide(second.approval.id, { decision: 'answer', content: 'Ours.' });
  const done = await house.ended(run.id);
  expect(done).toMatchObject({ status: 'completed', result: { output: 'Ours.' } });
  expect(done.result?.decisions).toEqual(
    expect.arrayContaining([expect.objectContaining({ step: 'again.1.judge', kind: 'judge' })]),
  );
}, 60_000);

test('a decision that stays broken is asked for again twice, then the step fails', async () => {
  await sayDifferently();
  await decides(7, [], 9);
  const run = await ended(debate('d5'));
  expect(run).toMatchObject({ status: 'failed', result: { error: { code: 'invalid_output' } } });
  expect(await house.asked('Is it a risk? d5', 'You reconcile.')).toHaveLength(3);
}, 60_000);

test('goes on in the middle, and asks nobody twice', async () => {
  await sayDifferently(20);
  await decides(0.9);
  const steps = Array.from({ length: 8 }, (_, index) => ({ type: 'set', value: index }));
  const flow = {
    type: 'parallel',
    branches: { argue: debate('d6', { rounds: 3 }), rest: { type: 'sequence', steps } },
  };
  const run = await ended(flow);
  expect(run).toMatchObject({ status: 'completed', result: { output: { argue: 'A small one.' } } });
  expect(await house.asked('Is it a risk? d6', 'You')).toHaveLength(10);
}, 60_000);

test('a member that can not answer fails the debate', async () => {
  await says('You are Ada.', 'Fine.');
  await house.vendor.script({ match: 'You are Ben.', then: { type: 'error', status: 400 } });
  await says('You are Cleo.', 'Fine.');
  const run = await ended(debate('d7'));
  expect(run).toMatchObject({ status: 'failed', result: { error: { code: 'vendor_error' } } });
}, 60_000);

test.each(['judge', 'panel.1.1'])(
  'a vendor that fails %s fails the debate there',
  async (place) => {
    await house.vendor.script({
      ...{ match: place === 'judge' ? 'You reconcile.' : 'You are Ben.', times: 1 },
      then: { type: 'error', status: 400 },
    });
    await sayDifferently();
    const run = await ended(debate('d7'));
    expect(run).toMatchObject({ status: 'failed', result: { error: { code: 'vendor_error', step: place } } });
  },
  60_000,
);
