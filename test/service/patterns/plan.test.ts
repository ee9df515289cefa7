import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

async function store(name: string, flow: unknown, rest: object = {}): Promise<void> {
  const answer = await house.service.request('POST', '/v1/plans', planOf(flow, { name, ...rest }));
  expect(answer.status).toBe(201);
}

const run = (plan: string, rest: object = {}) => ({ type: 'plan', plan, ...rest });
const listOf = (...steps: unknown[]) => ({ type: 'sequence', steps });

test('a plan runs another one with agents, names and people of its own', async () => {
  const verdict = { type: 'object', required: ['fine'], properties: { fine: { type: 'boolean' } } };
  const writer = { model: 'claude-haiku', instructions: 'You inspect.', output: verdict };
  await house.vendor.script({
    ...{ match: 'You inspect.', times: 2 },
    then: { type: 'answer', json: { fine: false } },
  });
  await store(
    'inspection',
    listOf(
      { type: 'set', id: 'facts', when: 'false', value: 'never' },
      ask('Inspect {{ input.what }}, {{ previous.what }}: {{ steps.facts.output }}.', { context: 'full' }),
      { type: 'approval', id: 'gate', title: 'Is {{ input.what }} fine?' },
    ),
    { agents: { writer }, input: { type: 'object', required: ['what'] } },
  );
  await house.vendor.script({ match: 'Report', then: { type: 'answer', text: 'reported' } });
  const id = await house.start(
    planOf(
      listOf(
        { type: 'set', id: 'facts', value: 'the facts of the plan around it' },
        run('inspection', { id: 'inspect', input: { what: 'the {{ input.who }}' } }),
        ask('Report {{ steps.inspect.output }}', { id: 'report', context: 'none' }),
      ),
    ),
    { who: 'roof' },
  );
  const { approval } = await house.waiting(id);
  expect(approval).toMatchObject({
    ...{ step: 'inspect.flow.gate', title: 'Is the roof fine?', content: { fine: false } },
    ...{ schema: verdict, run: { plan: { name: 'trial' } } },
  });
  expect((await house.decide(approval.id, { decision: 'edit', content: { fine: 'yes' } })).status).toBe(422);
  await house.decide(approval.id, { decision: 'edit', content: { fine: true } });
  const ended = await house.ended(id);
  expect(ended).toMatchObject({
    status: 'completed',
    usage: { modelCalls: 2 },
    result: { output: 'reported' },
  });
  // What the plan around it has made is not shown, and its names are not known.
  const [asked, ...more] = await house.asked('Inspect', 'You inspect.');
  expect(more).toEqual([]);
  expect(asked).toContain('Inspect the roof, the roof: null.');
  expect(asked).not.toContain('facts of the plan');
  expect(await house.asked('"fine":true')).toHaveLength(1);
  for (const path of ['inspect', 'inspect.flow', 'inspect.flow.gate', 'report'])
    expect(await house.step(id, path)).toMatchObject({ path, status: 'completed' });
  expect((await chainOf(temporal, `${id}/inspect`)).length).toBeGreaterThan(1);
}, 60_000);

test('its limits count beside those around it, and what happens at them is said by the step', async () => {
  const twice = { type: 'parallel', concurrency: 1, branches: { one: ask('One. p2'), two: ask('Two. p2') } };
  await store('frugal', listOf({ type: 'set', value: 'a start' }, twice, ask('Three. p2')), {
    limits: { modelCalls: 2, onExceeded: 'fail' },
  });
  const id = await house.start(
    planOf({
      type: 'parallel',
      branches: {
        fails: run('frugal', { onFailure: { value: '{{ error.code }}' } }),
        ends: run('frugal', { limits: { modelCalls: 100, onExceeded: 'return_partial' } }),
        tighter: run('frugal', { limits: { modelCalls: 1 } }),
      },
    }),
  );
  const ended = await house.ended(id);
  expect(ended.status).toBe('partial');
  expect(ended.result?.output).toMatchObject({ fails: 'budget_exceeded' });
  expect(ended.usage.modelCalls).toBe(5);
  expect(await house.asked('p2')).toHaveLength(5);
  for (const [branch, calls] of [
    ['fails', 2],
    ['ends', 2],
    ['tighter', 1],
  ] as const)
    expect((await house.step(id, branch)).usage.modelCalls).toBe(calls);
}, 60_000);

test('what it is given must fit its input, and what it gives its output', async () => {
  const text = { type: 'string', minLength: 3 };
  await store('strict', { type: 'set', value: '{{ input }}' }, { input: { type: 'string' }, output: text });
  const caught = { onFailure: { value: '{{ error.code }}: {{ error.message }}' } };
  const id = await house.start(
    planOf({
      type: 'parallel',
      branches: {
        fits: run('strict@1.0.0', { input: 'fits' }),
        given: run('strict', { input: { an: 'object' }, ...caught }),
        gives: run('strict', { input: 'no', ...caught }),
      },
    }),
  );
  const { result } = await house.ended(id);
  expect(result?.output).toEqual({
    fits: 'fits',
    given: expect.stringMatching(
      /^invalid_input: The input breaks the schema of strict@1\.0\.0: /,
    ) as unknown,
    gives: expect.stringMatching(/^invalid_output: /) as unknown,
  });
}, 60_000);

test('a run keeps the version that was live at its start, also in a plan of a plan', async () => {
  await store('echo', ask('Echo {{ input }}.'));
  await store(
    'outer',
    listOf({ type: 'approval', title: 'Now?' }, run('echo', { input: 'via {{ input }}' })),
  );
  const plan = planOf({
    type: 'parallel',
    forEach: ['a', 'b'],
    step: run('outer', { input: '{{ item }}' }),
  });
  await house.vendor.script({ match: 'Echo via a.', then: { type: 'answer', text: 'A' } });
  await house.vendor.script({ match: 'Echo via b.', then: { type: 'answer', text: 'B' } });
  const id = await house.start(plan);
  await house.waiting(id);
  await store('echo', { type: 'set', value: 'another version' }, { version: '2.0.0' });
  const approveOne = async () => {
    const { approval } = await house.waiting(id);
    expect((await house.decide(approval.id, { decision: 'approve' })).status).toBe(200);
  };
  await approveOne();
  await approveOne();
  expect((await house.ended(id)).result?.output).toEqual(['A', 'B']);
  const later = await house.start(planOf(run('echo')));
  expect((await house.ended(later)).result?.output).toBe('another version');
}, 60_000);
