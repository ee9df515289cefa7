import { Plan } from '../../src/contract/plan';
import type { Json } from '../../src/contract/value';
import { freeze } from '../../src/plan/manifest';
import { agentsIn } from '../../src/plan/sub-plans';
import { validatePlan } from '../../src/plan/validate';
import { agentStep, marks, planOf, sequenceOf, setStep, simulated } from './plans';

const run = (plan: string, more: object = {}): Json => ({ type: 'plan', plan, ...more });

const judge = (plan: Json, stored: { [reference: string]: Json }) =>
  validatePlan(plan, simulated, (reference) => Promise.resolve(stored[reference] ?? null));

test('a plan that is not there, runs itself or can not run is refused where it is named', async () => {
  const stored = {
    loop: planOf(sequenceOf(setStep(1), run('again')), { name: 'loop' }),
    again: planOf(run('loop'), { name: 'again', version: '2.0.0' }),
    wrong: planOf(agentStep('x', { agent: 'nobody' }), { name: 'wrong' }),
    fine: planOf(setStep(1), { name: 'fine' }),
  };
  const found = await judge(
    planOf(sequenceOf(run('fine'), run('gone@1.0.0'), run('loop'), run('wrong'), run('Not a plan'))),
    stored,
  );
  expect(marks(found)).toEqual([
    '/flow/steps/4/plan validation_failed',
    '/flow/steps/1/plan unknown_plan',
    '/flow/steps/2/plan limit_exceeded',
    '/flow/steps/3/plan unknown_agent',
    '/flow/steps/4/plan unknown_plan',
  ]);
  expect(found.errors[2]?.message).toBe(
    'In loop@0.0.0/flow/steps/1/plan: In again@2.0.0/flow/plan: The plan would run itself without end: ' +
      'a-plan@0.0.0 → loop@0.0.0 → again@2.0.0 → loop@0.0.0.',
  );
  expect(found.errors[3]?.message).toMatch(/^In wrong@0\.0\.0\/flow\/agent: There is no agent "nobody"/);
  const itself = planOf(run('a-plan'));
  expect((await judge(itself, { 'a-plan': itself })).errors[0]?.message).toMatch(
    /a-plan@0\.0\.0 → a-plan@0\.0\.0/,
  );
});

test('a plan that would run itself once it is stored is refused, one that runs a version of its name is not', async () => {
  const stored = {
    rec: planOf(setStep(1), { name: 'rec', version: '1.10.0' }),
    'rec@1.10.0': planOf(setStep(1), { name: 'rec', version: '1.10.0' }),
    over: planOf(run('rec'), { name: 'over' }),
  };
  const of = async (version: string, reference: string) =>
    (await judge(planOf(run(reference), { name: 'rec', version }), stored)).errors.map(
      ({ message }) => message,
    );
  expect(await of('1.11.0', 'rec')).toEqual([
    'The plan would run itself without end: rec@1.11.0 → rec@1.11.0.',
  ]);
  expect(await of('2.0.0', 'over')).toEqual([
    'In over@0.0.0/flow/plan: The plan would run itself without end: rec@2.0.0 → over@0.0.0 → rec@2.0.0.',
  ]);
  expect(await of('1.9.0', 'rec')).toEqual([]);
  expect(await of('2.0.0-draft', 'rec')).toEqual([]);
  expect(await of('2.0.0', 'rec@1.10.0')).toEqual([]);
});

test('its steps count where depth is limited', async () => {
  const stored = { three: planOf(sequenceOf(sequenceOf(setStep(1))), { name: 'three' }) };
  const within = (depth: number) =>
    judge(planOf(sequenceOf(run('three')), { limits: { depth } }), stored).then(marks);
  expect(await within(5)).toEqual([]);
  expect(await within(4)).toEqual(['/flow/steps/0 limit_exceeded']);
});

test('more plans in each other than the bound are refused', async () => {
  const chain = (n: number): Json =>
    planOf(n === 0 ? setStep(1) : sequenceOf(...names(n).map((name) => run(name))));
  const names = (n: number) => Array.from({ length: n }, (_, index) => `p${String(index)}`);
  const stored = Object.fromEntries(names(51).map((name) => [name, planOf(setStep(1), { name })]));
  expect(marks(await judge(chain(50), stored))).toEqual([]);
  expect(marks(await judge(chain(51), stored))).toEqual(['/flow/steps/50/plan limit_exceeded']);
});

test('a plan is frozen with those that it runs, each once, and what they are changes its hash', async () => {
  const inner = (value: string) => planOf(setStep(value), { name: 'inner' });
  const plan = planOf(
    sequenceOf(run('inner'), run('inner@0.0.0', { limits: { costUsd: 0.1, tokens: null } })),
  );
  const frozen = async (value: string) => {
    const { plan: whole, subPlans } = await judge(plan, { inner: inner(value), 'inner@0.0.0': inner(value) });
    if (whole === null) throw new Error('It is not valid.');
    expect(agentsIn(whole, subPlans)).toBe(6);
    return freeze(whole, simulated, { subPlans });
  };
  const one = await frozen('one');
  expect(new Set(one.inside.map(({ hash }) => hash)).size).toBe(1);
  const { flow, limits } = one.skeleton;
  expect(limits.modelCalls).toBe(60);
  expect(flow).toMatchObject({
    steps: [
      { type: 'plan', plan: 'inner@0.0.0', limits: { costNano: 5e8, tokens: 100_000, modelCalls: 20 } },
      { type: 'plan', limits: { costNano: 1e8, tokens: 100_000, modelCalls: 20, timeoutMs: 86_400_000 } },
    ],
  });
  expect((await frozen('another')).hash).not.toBe(one.hash);
});

test('a name that no ledger can look up is not looked up', async () => {
  const find = jest.fn(() => Promise.resolve(null));
  const found = await validatePlan(planOf(run('fine\0')), simulated, find);
  expect(marks(found)).toContain('/flow/plan invalid_unicode');
  expect(find).not.toHaveBeenCalled();
});

test('the agents of plans that run the same others over and over are counted in no time', () => {
  const layers = 16;
  const [top, ...others] = Array.from({ length: layers }, (_, layer) =>
    Plan.parse(
      planOf(
        layer === layers - 1
          ? setStep(1)
          : sequenceOf(...['a', 'b', 'c'].map((name) => run(`${name}${String(layer + 1)}`))),
      ),
    ),
  );
  const subPlans = new Map(
    others.flatMap((plan, index) =>
      ['a', 'b', 'c'].map((name) => [`${name}${String(index + 1)}`, { ...plan }] as const),
    ),
  );
  expect(agentsIn(top as Plan, subPlans)).toBe(3 ** layers - 1);
});
