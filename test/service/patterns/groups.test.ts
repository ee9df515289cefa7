import type { Step } from '../../../src/contract/api';
import { eventually } from '../../support/eventually';
import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';

// Three branches a workflow, and every workflow goes on as a new Temporal run after each step.
const house = useHouse({ env: { FERMATA_BRANCHES_HERE_MAX: '3', FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

const start = (flow: unknown, count: number, rest: object = {}) =>
  house.start(planOf(flow, rest), {
    items: Array.from({ length: count }, (_, index) => `i${String(index)}`),
  });
const ended = async (flow: unknown, count: number, rest: object = {}) =>
  house.ended(await start(flow, count, rest));
const each = (step: unknown, rest: object = {}) => ({
  ...{ type: 'parallel', id: 'fan', forEach: '{{ input.items }}', step },
  ...rest,
});
const says = (words: string, text: string) =>
  house.vendor.script({ match: words, times: 10, then: { type: 'answer', text } });
const refuses = (words: string) =>
  house.vendor.script({ match: words, times: 10, then: { type: 'error', status: 400 } });

test('carries out many branches in groups of their own workflows, in order, each call once', async () => {
  for (let n = 0; n < 7; n++) await says(`Do i${String(n)}. g1`, `made ${String(n)}`);
  const fan = each(ask('Do {{ item }}. g1'), {
    ...{ concurrency: 2, reduce: { type: 'set', value: '{{ branches }}' } },
  });
  const id = await start({ type: 'sequence', steps: [fan] }, 7);
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 7 } });
  expect(run.result?.output).toEqual(
    Array.from({ length: 7 }, (_, n) => ({
      ...{ name: String(n), item: `i${String(n)}`, status: 'completed' },
      ...{ output: `made ${String(n)}`, error: null },
    })),
  );
  expect(await house.asked('. g1')).toHaveLength(7);
  expect(await house.steps(id)).toMatchObject([{ path: 'root', children: [{ path: 'fan' }] }]);
  for (const n of [0, 2, 3, 6])
    expect(await house.step(id, `fan.${String(n)}`)).toMatchObject({ status: 'completed' });
  for (const range of ['0-3', '3-6', '6-7'])
    expect(await temporal.newest(`${id}/fan/${range}`)).toMatchObject({ status: 'COMPLETED' });
  expect((await chainOf(temporal, `${id}/fan/0-3`)).length).toBeGreaterThan(1);
}, 90_000);

test('names what was made in named branches, and notes a hole in any group', async () => {
  for (const name of ['a', 'b', 'd']) await says(`Do ${name}. g2`, `made ${name}`);
  await refuses('Do c. g2');
  await house.vendor.script({ match: 'Do e. g2', times: 10, then: { type: 'hang' } });
  const names = ['a', 'b', 'c', 'd', 'e'];
  const late = { type: 'sequence', steps: [{ type: 'set', value: 'half' }, ask('Do e. g2')] };
  const branches = Object.fromEntries(
    names.map((name) => [name, name === 'e' ? late : ask(`Do ${name}. g2`, { id: `step-${name}` })]),
  );
  const fan = { ...{ type: 'parallel', id: 'fan', branches, placeholder: 'none' } };
  const all = { type: 'set', value: '{{ previous | json }} {{ steps.step-d.output }}' };
  const run = await ended(
    { type: 'sequence', steps: [{ ...fan, branchTimeout: '1s', onLate: 'partial' }, all] },
    0,
  );
  const made = { a: 'made a', b: 'made b', c: 'none', d: 'made d', e: 'half' };
  expect(run).toMatchObject({ status: 'partial', result: { output: `${JSON.stringify(made)} made d` } });
  expect(run.result?.incomplete).toMatchObject([
    { step: 'fan.c', code: 'branch_failed' },
    { step: 'fan.e', code: 'branch_timeout' },
  ]);
}, 90_000);

test('begins no further group once the matter is decided', async () => {
  await refuses('Do i1. g3');
  const onFailure = { value: '{{ error.message }}' };
  const strict = await ended(
    each(ask('Do {{ item }}. g3'), { require: 'all', concurrency: 1, onFailure }),
    8,
  );
  expect(strict.result?.output).toBe('1 of 8 branches succeeded; 8 must.');
  expect(await house.asked('. g3')).toHaveLength(2);
}, 90_000);

test('ends in any group where the budget is spent or a sibling decides the matter, with what there is', async () => {
  const spent = await ended(each(ask('Do {{ item }}. g5'), { concurrency: 1 }), 8, {
    limits: { modelCalls: 4 },
  });
  expect(spent).toMatchObject({ status: 'partial', usage: { modelCalls: 4 } });
  expect((spent.result?.output as unknown[]).slice(4)).toEqual(
    Array.from({ length: 4 }, () => 'data unavailable'),
  );
  expect(spent.result?.incomplete).toMatchObject(
    [4, 5, 6, 7].map((n) => ({ step: String(n), code: 'budget_exceeded' })),
  );

  for (let n = 0; n < 3; n++) await says(`Do i${String(n)}. g6`, `made ${String(n)}`);
  await house.vendor.script({ match: 'Do i3. g6', times: 10, then: { type: 'hang' } });
  const work = each(ask('Do {{ item }}. g6'), { concurrency: 1 });
  const branches = { work, enough: { type: 'question', title: 'Enough?' } };
  const id = await start({ type: 'parallel', branches, require: 1, cancelRest: true }, 8);
  const { approval } = await house.waiting(id);
  await eventually('the second group is at work', async () =>
    (await house.asked('Do i3. g6')).length === 0 ? undefined : true,
  );
  await house.decide(approval.id, { decision: 'answer', content: 'yes' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { incomplete: [] } });
  expect(await house.step(id, 'work')).toMatchObject({
    status: 'cancelled',
    output: ['made 0', 'made 1', 'made 2', ...Array.from({ length: 5 }, () => 'data unavailable')],
  });
  expect(await house.asked('. g6')).toHaveLength(4);
}, 120_000);

test('waits for a person in any group, and a cancelled run ends the group', async () => {
  const question = { type: 'question', title: '{{ item }}?', when: 'index == 4' };
  const first = await start(each(question), 6);
  const { approval, run } = await house.waiting(first);
  expect(run.approvals).toHaveLength(1);
  expect(approval).toMatchObject({ step: '4', title: 'i4?' });
  await eventually('the run waits', async () => (await house.run(first)).status === 'waiting' || undefined);
  await house.decide(approval.id, { decision: 'answer', content: 'yes' });
  expect((await house.ended(first)).result?.output).toEqual([null, null, null, null, 'yes', null]);

  const second = await start(each(question), 6);
  await house.waiting(second);
  await house.service.request('POST', `/v1/runs/${second}/cancel`, { reason: 'enough' });
  expect(await house.ended(second)).toMatchObject({ status: 'cancelled' });
  await eventually(
    'the group is cancelled',
    async () => (await temporal.newest(`${second}/root/3-6`)).status === 'CANCELLED' || undefined,
  );
}, 120_000);

test('after a reset, from wherever, nothing is paid twice and every branch is told once', async () => {
  const inner = { type: 'parallel', forEach: '{{ input.items }}', step: ask('Do {{ item }} in it. g7') };
  const branch = {
    type: 'choice',
    cases: [{ when: 'index == 1', step: { type: 'sequence', isolate: true, steps: [inner] } }],
    otherwise: ask('Do {{ item }}. g7'),
  };
  const id = await start(
    { type: 'sequence', steps: [each(branch), { type: 'set', value: '{{ previous }}' }] },
    5,
  );
  const before = await house.ended(id);
  expect(before).toMatchObject({ status: 'completed', usage: { modelCalls: 9 } });
  const calls = (await house.asked('. g7')).length;
  expect(calls).toBe(9);
  const listed = (steps: Step[]): string[] =>
    steps.flatMap(({ path, status, attempts, children }) => [
      `${path} ${status} ${String(attempts)}`,
      ...listed(children),
    ]);
  const told = async () => listed(await house.steps(id));
  const steps = await told();
  const chain = await chainOf(temporal, id);
  const runs = chain.map(
    ([first]) => first?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '',
  );
  for (const temporalRun of [runs[0] ?? '', runs[Math.floor(runs.length / 2)] ?? '']) {
    const { finishedAt } = await house.run(id);
    const [point = 0] = await temporal.resetPoints(id, temporalRun);
    await temporal.reset(id, point, { temporalRun });
    const after = await eventually(
      'the run ends again',
      async () => {
        const run = await house.run(id);
        return run.finishedAt !== null && run.finishedAt !== finishedAt ? run : undefined;
      },
      60_000,
    );
    expect(after).toMatchObject({ status: 'completed', result: { output: before.result?.output } });
    expect(await house.asked('. g7')).toHaveLength(calls);
    expect(await told()).toEqual(steps);
  }
}, 180_000);
