import { eventSignal } from '../../../src/contract/messages';
import type { Run } from '../../../src/contract/api';
import { eventually } from '../../support/eventually';
import { ask, planOf, useHouse, type House } from '../support/house';
import { useTemporal } from '../support/temporal';
import { chainOf } from '../support/chain';

const plain = useHouse();
const forced = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();

const set = (value: unknown) => ({ type: 'set', value });
const payment = (rest: object = {}) => ({ type: 'wait', event: 'payment.received', ...rest });
const waits = (house: House, id: string, reason: string): Promise<Run> =>
  eventually(`the run ${id} waits for an ${reason}`, async () => {
    const run = await house.run(id);
    return run.status === 'waiting' && run.statusReason === reason ? run : undefined;
  });
const send = async (house: House, id: string, data: unknown, type = 'payment.received') => {
  const answer = await house.service.request('POST', `/v1/runs/${id}/signals`, { type, data });
  expect(answer).toMatchObject({ status: 202 });
  return (answer.body as { woken: unknown[] }).woken;
};

test('goes on with the event that it waited for', async () => {
  const id = await plain.start(
    planOf({
      type: 'sequence',
      steps: [payment({ id: 'paid' }), set('{{ steps.paid.output.data.amount }}')],
    }),
  );
  expect(await waits(plain, id, 'event')).toMatchObject({ current: ['paid'] });
  expect(await plain.step(id, 'paid')).toMatchObject({ status: 'waiting' });
  expect(await send(plain, id, 1, 'payment.refused')).toEqual([]);
  expect(await send(plain, id, { amount: 12 })).toEqual([{ run: id, step: 'paid' }]);
  expect(await plain.ended(id)).toMatchObject({ status: 'completed', result: { output: 12 } });
  expect(await plain.service.request('POST', `/v1/runs/${id}/signals`, { type: 'late' })).toMatchObject({
    status: 409,
    body: { code: 'run_already_closed' },
  });
}, 60_000);

test('keeps events that come before they are waited for, and gives each to the first step that it fits', async () => {
  const of = (order: number) => payment({ when: `event.data.order == ${String(order)}` });
  for (const house of [plain, forced]) {
    const steps = [{ type: 'wait', event: 'go' }, of(2), of(1), of(1)];
    const outputs = steps.map((step, index) => ({ ...step, id: `w${String(index)}` }));
    const value = [
      '{{ steps.w1.output.data.n }}',
      '{{ steps.w2.output.data.n }}',
      '{{ steps.w3.output.data.n }}',
    ];
    const id = await house.start(planOf({ type: 'sequence', steps: [...outputs, set(value)] }));
    await waits(house, id, 'event');
    await send(house, id, { order: 1, n: 1 });
    await send(house, id, { n: 2 });
    await send(house, id, { order: 2, n: 3 });
    await send(house, id, { order: 1, n: 4 });
    expect(await send(house, id, null, 'go')).toHaveLength(1);
    expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: [3, 1, 4] } });
  }
  // The walk went on as a new Temporal run after every step.
}, 90_000);

test('takes an event from Temporal’s own tools, and keeps it until a step waits for it', async () => {
  const flow = {
    type: 'sequence',
    steps: [{ type: 'wait', event: 'go' }, payment({ when: 'event.data.sum > 1' })],
  };
  for (const house of [plain, forced]) {
    const id = await house.start(planOf(flow));
    await waits(house, id, 'event');
    const handle = temporal.client.workflow.getHandle(id);
    for (const sum of [1, 2]) await handle.signal(eventSignal, { type: 'payment.received', data: { sum } });
    await handle.signal(eventSignal, { type: 'go' });
    const run = await house.ended(id);
    expect(run).toMatchObject({
      status: 'completed',
      result: { output: { type: 'payment.received', data: { sum: 2 } } },
    });
  }
}, 90_000);

test('of two branches each takes one event', async () => {
  const flow = { type: 'parallel', branches: { left: payment(), right: payment() } };
  const id = await plain.start(planOf(flow));
  await waits(plain, id, 'event');
  await eventually('both wait', async () => ((await plain.run(id)).current.length === 2 ? true : undefined));
  await Promise.all([send(plain, id, 1), send(plain, id, 2)]);
  const { result } = await plain.ended(id);
  const { left, right } = result?.output as { left: { data: number }; right: { data: number } };
  expect([left.data, right.data].sort()).toEqual([1, 2]);
}, 60_000);

test.each(['plain', 'forced'] as const)(
  'fails as step_timeout where nothing comes in time: %s',
  async (name) => {
    const house = name === 'plain' ? plain : forced;
    const late = payment({ timeout: '2s', onFailure: { value: '{{ error.code }}' } });
    const flow = {
      type: 'parallel',
      branches: { late, rest: { type: 'sequence', steps: [set(1), set(2), set(3)] } },
    };
    const id = await house.start(planOf(flow));
    expect(await house.ended(id)).toMatchObject({ result: { output: { late: 'step_timeout', rest: 3 } } });
  },
  60_000,
);

test('waits for a while and until a time, while no clock of the plan runs', async () => {
  const until = new Date(Date.now() + 3000).toISOString();
  const steps = [
    { type: 'wait', for: '1500ms' },
    { type: 'wait', until: '{{ input.until }}' },
    { type: 'wait', until: '2020-01-01T00:00:00Z' },
    set('on time'),
  ];
  for (const house of [plain, forced]) {
    const plan = planOf({ type: 'sequence', timeout: '1s', steps }, { limits: { timeout: '1s' } });
    const id = await house.start(plan, { until });
    const run = await house.ended(id);
    expect(run).toMatchObject({ status: 'completed', result: { output: 'on time' } });
    expect(Date.parse(run.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(until));
    if (house === forced) expect((await chainOf(temporal, id)).length).toBeGreaterThan(2);
  }
}, 60_000);

test('goes on after the death of its worker', async () => {
  const id = await plain.start(planOf({ type: 'sequence', steps: [payment(), ask('Thank them.')] }));
  await waits(plain, id, 'event');
  process.kill(plain.service.pid('worker'), 'SIGKILL');
  await send(plain, id, { amount: 1 });
  expect(await plain.ended(id)).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } });
}, 60_000);

test.each([
  [{}, '/flow'],
  [{ event: 'a', for: '1s' }, '/flow'],
  [{ for: '1s', timeout: '1s' }, '/flow/timeout'],
  [{ for: '366d' }, '/flow/for'],
  [{ for: '1s', when: 'event.type == "a"' }, '/flow/when'],
  [{ event: 'a b' }, '/flow/event'],
])('refuses %j', async (fields, path) => {
  const plan = planOf({ type: 'wait', ...fields });
  const { body } = await plain.service.request('POST', '/v1/plans/validate', plan);
  expect((body as { errors: { path: string }[] }).errors[0]?.path).toBe(path);
});

test.each(['tomorrow', '2030-01-01T00:00:00', '9999-01-01T00:00:00Z'])(
  'fails where until is %s',
  async (until) => {
    const run = await plain.ended(await plain.start(planOf({ type: 'wait', until: '{{ input }}' }), until));
    expect(run).toMatchObject({ status: 'failed' });
  },
  30_000,
);
