import { randomUUID } from 'node:crypto';
import type { EventAnswer } from '../../src/contract/events-api';
import { eventually } from '../support/eventually';
import { planOf, useHouse } from './support/house';

const house = useHouse();

const cloudEvent = (type: string, data: unknown, rest: object = {}) => ({
  ...{ specversion: '1.0', id: randomUUID(), source: '/tests', type, data },
  ...rest,
});
const structured = { 'content-type': 'application/cloudevents+json' };
const send = async (event: object): Promise<EventAnswer> => {
  const answer = await house.service.request('POST', '/v1/events', event, structured);
  expect(answer).toMatchObject({ status: 202 });
  return answer.body as EventAnswer;
};
const waits = (id: string) =>
  eventually(`the run ${id} waits`, async () =>
    (await house.run(id)).statusReason === 'event' ? true : undefined,
  );
const dead = async () => {
  const { body } = await house.service.request('GET', '/v1/events?status=dead&limit=200');
  return (body as { items: { id: string; reason: string; event: { id: string; source: string } }[] }).items;
};
const store = async (name: string, triggers: object[], flow: object, version = '1.0.0') => {
  const plan = planOf(flow, { name, version, triggers });
  expect(await house.service.request('POST', '/v1/plans', plan)).toMatchObject({ status: 201 });
};

test('the same event sent 100 times at once wakes one step and starts one run', async () => {
  const id = await house.start(planOf({ type: 'wait', event: 'order.paid', when: 'event.data.order == 7' }));
  await waits(id);
  await store('on-paid', [{ event: 'order.paid' }], { type: 'set', value: '{{ input.order }}' });
  const event = cloudEvent('order.paid', { order: 7 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => send(event)));
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  const answer = await send(event);
  expect(answer).toMatchObject({ duplicate: true, woken: [{ run: id, step: 'root' }], deadLetter: false });
  expect(answer.started).toHaveLength(1);
  expect(await house.ended(answer.started[0] ?? '')).toMatchObject({ result: { output: 7 } });
  expect(await house.ended(id)).toMatchObject({ result: { output: { id: event.id } } });
  const { body } = await house.service.request('GET', '/v1/runs?plan=on-paid');
  expect((body as { items: unknown[] }).items).toHaveLength(1);
}, 90_000);

test('wakes the waiting steps of several runs, and keeps the event for one that waits later', async () => {
  const flow = { type: 'wait', event: 'all.clear' };
  const ids = await Promise.all([1, 2].map(() => house.start(planOf(flow))));
  await Promise.all(ids.map(waits));
  const late = await house.start(planOf({ type: 'sequence', steps: [{ type: 'wait', event: 'go' }, flow] }));
  await waits(late);
  const { woken } = await send(cloudEvent('all.clear', null));
  expect(woken.map(({ run }) => run).sort()).toEqual([...ids].sort());
  await send(cloudEvent('go', null));
  for (const id of [...ids, late]) expect(await house.ended(id)).toMatchObject({ status: 'completed' });
}, 60_000);

test('starts the live version alone, with the input that its trigger makes', async () => {
  const trigger = {
    event: 'ticket.opened',
    when: 'event.data.urgent',
    input: { text: 'Ticket {{ event.data.n }}' },
  };
  await store('triage', [{ event: 'ticket.opened' }], { type: 'set', value: 'old' });
  await store('triage', [trigger], { type: 'set', value: '{{ input.text }}' }, '1.1.0');
  const { started } = await send(cloudEvent('ticket.opened', { n: 5, urgent: true }));
  expect(started).toHaveLength(1);
  expect(await house.ended(started[0] ?? '')).toMatchObject({ result: { output: 'Ticket 5' } });
  expect(await send(cloudEvent('ticket.opened', { n: 6 }))).toMatchObject({ started: [], deadLetter: true });
}, 60_000);

test('lists what nothing matched as dead, and delivers it again', async () => {
  const event = cloudEvent('nobody.cares', { n: 1 });
  const { id, deadLetter } = await send(event);
  expect(deadLetter).toBe(true);
  expect((await dead()).find((one) => one.id === id)).toMatchObject({ reason: 'unmatched', event });
  await store('cares', [{ event: 'nobody.cares' }], { type: 'set', value: 1 });
  const again = await house.service.request('POST', `/v1/events/${id}/redeliver`);
  expect(again).toMatchObject({ status: 202, body: { id, deadLetter: false } });
  expect((again.body as EventAnswer).started).toHaveLength(1);
  expect((await dead()).some((one) => one.id === id)).toBe(false);
}, 60_000);

test('an input that the plan refuses makes a dead letter that says so', async () => {
  const plan = planOf({ type: 'set', value: 1 }, { name: 'strict', triggers: [{ event: 'bad.input' }] });
  const input = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } };
  await house.service.request('POST', '/v1/plans', { ...plan, input });
  const { id, started } = await send(cloudEvent('bad.input', { n: 'one' }));
  expect(started).toEqual([]);
  expect((await dead()).find((one) => one.id === id)?.reason).toContain('/input/n');
}, 60_000);

test("a plan's event starts plans and wakes steps, in the name of its step", async () => {
  const chained = { type: 'wait', event: 'chain.begun', when: 'event.data.n == 3' };
  const waiting = await house.start(planOf(chained));
  await waits(waiting);
  await store('chained', [{ event: 'chain.begun' }], { type: 'set', value: '{{ input.n }}' });
  const emit = { type: 'emit', id: 'tell', event: 'chain.begun', data: { n: '{{ input.n }}' } };
  const id = await house.start(planOf({ type: 'sequence', steps: [emit, chained] }), { n: 3 });
  const event = {
    ...{ specversion: '1.0', id: `${id}/tell`, source: '/plans/trial', subject: id, hops: 1 },
    ...{ type: 'chain.begun', datacontenttype: 'application/json', data: { n: 3 } },
  };
  for (const one of [waiting, id])
    expect(await house.ended(one)).toMatchObject({ result: { output: event } });
  expect(await house.step(id, 'tell')).toMatchObject({ output: { id: event.id } });
  const [started] = await eventually('the plan is started', async () => {
    const { body } = await house.service.request('GET', '/v1/runs?plan=chained');
    const { items } = body as { items: { id: string }[] };
    return items.length > 0 ? items : undefined;
  });
  expect(await house.ended(started?.id ?? '')).toMatchObject({ result: { output: 3 } });
}, 60_000);

test('plans that start each other end after 8 hops', async () => {
  const flow = { type: 'emit', event: 'echo', data: 1 };
  await store('echo', [{ event: 'echo' }], flow);
  await send(cloudEvent('echo', 1));
  await eventually('the ninth is a dead letter', async () =>
    (await dead()).some(({ reason, event }) => reason === 'too_many_hops' && event.source === '/plans/echo')
      ? true
      : undefined,
  );
  const { body } = await house.service.request('GET', '/v1/runs?plan=echo');
  expect((body as { items: unknown[] }).items).toHaveLength(9);
}, 60_000);

test('an event that has come through more than 8 plans wakes nobody', async () => {
  const run = await house.start(planOf({ type: 'wait', event: 'going.round' }));
  await waits(run);
  const { id, woken } = await send(cloudEvent('going.round', 1, { hops: 9 }));
  expect(woken).toEqual([]);
  expect((await dead()).find((one) => one.id === id)?.reason).toBe('too_many_hops');
  expect((await send(cloudEvent('going.round', 1, { hops: 8 }))).woken).toHaveLength(1);
}, 60_000);

test('takes binary mode, with JSON, text and bytes as data', async () => {
  const headers = (type: string) => ({
    ...{ 'ce-specversion': '1.0', 'ce-id': randomUUID(), 'ce-source': '/binary', 'ce-type': 'binary.sent' },
    'content-type': type,
  });
  const id = await house.start(planOf({ type: 'wait', event: 'binary.sent' }));
  await waits(id);
  const sent = await house.service.request('POST', '/v1/events', '{"a":1}', headers('application/json'));
  expect(sent).toMatchObject({ status: 202 });
  expect(await house.ended(id)).toMatchObject({
    result: { output: { source: '/binary', data: { a: 1 }, datacontenttype: 'application/json' } },
  });
  await house.service.request('POST', '/v1/events', 'plain', headers('text/plain'));
  await house.service.request('POST', '/v1/events', 'bytes', headers('application/pdf'));
  const events = (await dead()).map(({ event }) => event as { data?: unknown; data_base64?: unknown });
  expect(events.some(({ data }) => data === 'plain')).toBe(true);
  expect(events.some(({ data_base64: data }) => data === Buffer.from('bytes').toString('base64'))).toBe(true);
}, 60_000);

test.each([
  [{ specversion: '0.3' }, '/specversion'],
  [{ id: '' }, '/id'],
  [{ source: undefined }, '/source'],
  [{ type: 5 }, '/type'],
  [{ time: 'now' }, '/time'],
  [{ data_base64: 'eA==' }, '/data_base64'],
  [{ 'Not-A-Name': 'x' }, '/Not-A-Name'],
])('refuses %j', async (fields, path) => {
  const answer = await house.service.request('POST', '/v1/events', cloudEvent('x', 1, fields), structured);
  expect(answer).toMatchObject({ status: 422 });
  expect((answer.body as { errors: { path: string }[] }).errors.map((error) => error.path)).toContain(path);
});
