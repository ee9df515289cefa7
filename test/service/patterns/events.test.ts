import { randomUUID } from 'node:crypto';
import type { EventAnswer } from '../../../src/contract/events-api';
import { silenceRuntime } from '../../../src/replay/replay';
import { eventually } from '../../support/eventually';
import { chainOf } from '../support/chain';
import { ask, planOf, useHouse, type House } from '../support/house';
import { replayFaults } from '../support/replays';
import { useTemporal } from '../support/temporal';

const plain = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '100' } });
const forced = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();

const send = async (house: House, type: string, data: unknown, id: string = randomUUID()) => {
  const event = { specversion: '1.0', id, source: '/tests', type, data };
  // A service that is asked too much at once says so, and an event may be sent again.
  return eventually(`the event ${type} is taken`, async () => {
    const answer = await house.service.request('POST', '/v1/events', event);
    if (answer.status === 503) return undefined;
    expect(answer).toMatchObject({ status: 202 });
    return answer.body as EventAnswer;
  });
};
const waits = (house: House, id: string) =>
  eventually(`the run ${id} waits`, async () =>
    (await house.run(id)).statusReason === 'event' ? true : undefined,
  );
const dead = async (house: House) => {
  const { body } = await house.service.request('GET', '/v1/events?status=dead&limit=200');
  return (body as { items: { id: string; reason: string }[] }).items;
};
const set = (value: unknown) => ({ type: 'set', value });
const reactor = (handlers: object, rest: object = {}) => ({ type: 'events', id: 'react', handlers, ...rest });
const historiesOf = async (id: string) =>
  (await chainOf(temporal, id)).map((events, index) => ({ name: `${id} ${String(index + 1)}`, events }));

const calls = { limits: { modelCalls: null, costUsd: 100, tokens: null } };

test('handles every event once and in order, from before it waited, and ends with the event that says so', async () => {
  silenceRuntime();
  for (const house of [plain, forced]) {
    const [order, end] = [`order.${randomUUID()}`, `end.${randomUUID()}`];
    const handler = {
      type: 'sequence',
      steps: [
        { ...ask('Note {{ event.data.n }}.'), id: 'note' },
        set('{{ event.data.n }} {{ steps.note.status }}'),
      ],
    };
    const flow = {
      type: 'sequence',
      steps: [
        { type: 'wait', event: `go.${order}` },
        reactor({ [order]: handler, constructor: ask('As {{ event.type }}.') }, { until: { event: end } }),
      ],
    };
    const id = await house.start(planOf(flow, calls));
    await waits(house, id);
    const before = (await house.vendor.ledger()).length;
    await send(house, order, { n: 1 });
    await send(house, order, { n: 2 });
    await send(house, `go.${order}`, null);
    await eventually('both are handled', async () =>
      (await house.vendor.ledger()).length === before + 2 ? true : undefined,
    );
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(house, order, { n: 3 }, key)));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    await send(house, 'constructor', { n: 4 });
    await send(house, end, 'enough');
    const run = await house.ended(id);
    expect(run).toMatchObject({
      status: 'completed',
      result: { output: { handled: 4, failed: 0, lastEvent: { type: end, data: 'enough' } } },
    });
    for (const n of [1, 2, 3])
      expect(await house.step(id, `react.${String(n)}`)).toMatchObject({ output: `${String(n)} completed` });
    expect((await house.vendor.ledger()).length).toBe(before + 4);
    expect(await replayFaults(await historiesOf(id))).toEqual([]);
  }
}, 120_000);

test('an event whose handler fails is a dead letter, and comes again when it is delivered again', async () => {
  const type = `fragile.${randomUUID()}`;
  await plain.vendor.script({ match: 'Do it 2.', times: 1, then: { type: 'error', status: 400 } });
  const id = await plain.start(
    planOf(reactor({ [type]: ask('Do it {{ event.data }}.') }, { until: { maxEvents: 4 } }), calls),
  );
  await waits(plain, id);
  const sent: EventAnswer[] = [];
  for (const n of [1, 2, 3]) sent.push(await send(plain, type, n));
  expect(sent[1]?.woken).toEqual([{ run: id, step: 'root' }]);
  const letter = await eventually('it is a dead letter', async () =>
    (await dead(plain)).find((one) => one.id === sent[1]?.id),
  );
  expect(letter.reason).toMatch(/^2 failed\. /);
  const again = await plain.service.request('POST', `/v1/events/${letter.id}/redeliver`);
  expect(again).toMatchObject({ status: 202, body: { woken: [{ run: id, step: 'root' }] } });
  expect(await plain.ended(id)).toMatchObject({
    status: 'completed',
    result: { output: { handled: 3, failed: 1, lastEvent: { data: 2 } } },
  });
  expect((await dead(plain)).some((one) => one.id === letter.id)).toBe(false);
}, 60_000);

test('events that come too many, or after the end, go to others or are dead letters', async () => {
  const type = `many.${randomUUID()}`;
  const flow = {
    type: 'sequence',
    steps: [
      { type: 'wait', event: `go.${type}` },
      reactor({ [type]: set('{{ event.data }}') }, { until: { maxEvents: 2 } }),
      { type: 'wait', event: type },
      set('{{ previous.data }}'),
    ],
  };
  const id = await plain.start(planOf(flow));
  await waits(plain, id);
  const sent: EventAnswer[] = [];
  for (const n of [1, 2, 3, 4]) sent.push(await send(plain, type, n));
  await send(plain, `go.${type}`, null);
  expect(await plain.ended(id)).toMatchObject({ result: { output: 3 } });
  await eventually('the last is a dead letter', async () => {
    const letters = (await dead(plain)).map((one) => one.id);
    return JSON.stringify(sent.map((one) => letters.includes(one.id))) === '[false,false,false,true]';
  });
}, 60_000);

test('ends when nothing has come for a while, and with what there is when money runs out', async () => {
  const type = `rare.${randomUUID()}`;
  const idle = await plain.start(planOf(reactor({ [type]: set(1) }, { until: { idle: '1s' } })));
  const poor = reactor({ [type]: ask('Spend.') }, { concurrency: 3 });
  const spent = await plain.start(planOf(poor, { limits: { modelCalls: 2 } }));
  expect(await plain.ended(idle)).toMatchObject({
    status: 'completed',
    result: { output: { handled: 0, failed: 0, lastEvent: null } },
  });
  await waits(plain, spent);
  for (const n of [1, 2, 3]) await send(plain, type, n);
  expect(await plain.ended(spent)).toMatchObject({
    status: 'partial',
    result: { output: { handled: 2, failed: 1 }, incomplete: [{ code: 'budget_exceeded' }] },
  });
}, 60_000);

test('cancelled while it waits, it lets nobody wake it any more, and what it kept is a dead letter', async () => {
  const type = `late.${randomUUID()}`;
  const id = await plain.start(planOf(reactor({ [type]: set(1) })));
  await waits(plain, id);
  const kept = await plain.service.request('POST', `/v1/runs/${id}/signals`, { type: `other.${type}` });
  expect(kept).toMatchObject({ status: 202, body: { woken: [] } });
  await plain.service.request('POST', `/v1/runs/${id}/cancel`, { reason: 'enough' });
  expect(await plain.ended(id)).toMatchObject({ status: 'cancelled' });
  expect(await send(plain, type, 1)).toMatchObject({ woken: [], deadLetter: true });
  const { id: letter } = kept.body as { id: string };
  expect((await dead(plain)).find((one) => one.id === letter)).toMatchObject({ reason: 'unmatched' });
}, 60_000);

test('no event is lost or handled twice when the worker is killed in the middle', async () => {
  const type = `hard.${randomUUID()}`;
  const handlers = { [type]: ask('Carry {{ event.data }}.') };
  const until = { maxEvents: 30 };
  const id = await plain.start(planOf(reactor(handlers, { until, concurrency: 4 }), calls));
  await waits(plain, id);
  const before = (await plain.vendor.ledger()).length;
  const sending = Promise.all(Array.from({ length: 30 }, (_, n) => send(plain, type, n)));
  await eventually('some are handled', async () =>
    (await plain.vendor.ledger()).length > before + 4 ? true : undefined,
  );
  process.kill(plain.service.pid('worker'), 'SIGKILL');
  await sending;
  expect(await plain.ended(id)).toMatchObject({
    status: 'completed',
    result: { output: { handled: 30, failed: 0 } },
  });
  expect((await plain.vendor.ledger()).length).toBe(before + 30);
}, 90_000);

// More by hand: FERMATA_TEST_EVENTS=3000.
const count = Number(process.env['FERMATA_TEST_EVENTS'] ?? 300);

test(`handles ${String(count)} events with flat histories`, async () => {
  const type = `flood.${randomUUID()}`;
  const until = { maxEvents: count };
  const handlers = { [type]: set('{{ event.data.text }}') };
  const id = await plain.start(planOf(reactor(handlers, { until, concurrency: 20 })));
  await waits(plain, id);
  let next = 0;
  const lane = async () => {
    while (next < count) await send(plain, type, { n: ++next, text: 'a word '.repeat(100) });
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  const run = await plain.ended(id, 50_000 + count * 200);
  expect(run).toMatchObject({ status: 'completed', result: { output: { handled: count, failed: 0 } } });
  const steps = await plain.steps(id);
  expect(steps[0]?.children).toHaveLength(count);
  const chain = await chainOf(temporal, id);
  expect(chain.length).toBeGreaterThan(2);
  const sizes = chain.map((events) =>
    Math.max(
      ...events.map(({ workflowTaskStartedEventAttributes: started }) =>
        Number(started?.historySizeBytes ?? 0),
      ),
    ),
  );
  for (const size of sizes) expect(size).toBeLessThan(5 * 1024 * 1024);
}, 900_000);
