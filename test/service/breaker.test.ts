import type { ModelList } from '../../src/contract/plans-api';
import type { z } from 'zod';
import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

// A vendor that is down for a while, and a rate that is spent: what the runs do, and what really
// reaches the vendor.

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const cooldownMs = 2_000;
const agent = (rest: object = {}) => ({
  ...{ model: 'claude-sonnet', instructions: 'You write.', retry: { maxRetries: 1, initialDelay: '10ms' } },
  ...{ circuitBreaker: { failures: 3, cooldown: `${String(cooldownMs)}ms` }, rateLimit: 100_000, ...rest },
});
const plan = (prompt: string, rest: object = {}) => planOf(ask(prompt), { agents: { writer: agent(rest) } });
const asked = async (mark: string) =>
  (await house.vendor.ledger()).filter(
    ({ path, messages }) => path === '/v1/messages' && messages.some(({ text }) => text.includes(mark)),
  );
const model = async (name: string) => {
  const { items } = (await house.service.request('GET', '/v1/models')).body as z.infer<typeof ModelList>;
  return items.find((each) => each.name === name);
};

test('leaves a vendor alone that is down, tries it once a cooldown, and goes on when it is back', async () => {
  expect(await model('claude-sonnet')).toMatchObject({
    health: 'ok',
    breaker: { state: 'closed', failures: 0 },
  });
  await house.vendor.script({
    times: 100_000,
    model: 'claude-sonnet-5-5',
    then: { type: 'error', status: 529 },
  });
  // Three calls, each with its retry, are spent.
  for (let n = 0; n < 3; n++) {
    const lost = await house.ended(await house.start(plan(`outage, spent ${String(n)}`)));
    expect(lost).toMatchObject({ status: 'failed', result: { error: { code: 'vendor_unavailable' } } });
  }
  expect(await asked('outage')).toHaveLength(6);
  expect(await model('claude-sonnet')).toMatchObject({
    health: 'down',
    breaker: { failures: 3, lastFault: 'overloaded', probeAt: expect.any(String) as string },
  });
  const waiting = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((n) => house.start(plan(`outage, waits ${String(n)}`))),
  );
  // Whoever has another model asks that one.
  const other = await house.ended(
    await house.start(plan('elsewhere', { model: ['claude-sonnet', 'claude-haiku'] })),
  );
  expect(other).toMatchObject({ status: 'completed' });
  for (const id of waiting)
    await eventually('the run waits for the vendor', async () => {
      const { status, statusReason } = await house.run(id);
      return status === 'waiting' && statusReason === 'vendor';
    });
  const probes = await eventually('three probes have gone out', async () => {
    const hits = (await house.vendor.ledger()).filter(({ model: id }) => id === 'claude-sonnet-5-5').slice(6);
    return hits.length >= 3 ? hits : undefined;
  });
  for (const [n, probe] of probes.slice(1).entries())
    expect(Date.parse(probe.at) - Date.parse(probes[n]?.at ?? '')).toBeGreaterThanOrEqual(cooldownMs - 50);
  await house.vendor.clearScript();
  for (const id of waiting)
    expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { incomplete: [] } });
  expect(await model('claude-sonnet')).toMatchObject({
    health: 'ok',
    breaker: { state: 'closed', failures: 0 },
  });
}, 120_000);

test('has a run wait, with nothing reserved, for calls that its agent may not make this minute', async () => {
  const flow = {
    type: 'parallel',
    branches: Object.fromEntries([1, 2, 3, 4].map((n) => [`b${String(n)}`, ask(`minute ${String(n)}`)])),
  };
  const id = await house.start(planOf(flow, { name: 'slowly', agents: { writer: agent({ rateLimit: 3 }) } }));
  const run = await eventually('it waits', async () => {
    const now = await house.run(id);
    return now.status === 'waiting' ? now : undefined;
  });
  expect(run).toMatchObject({
    statusReason: 'vendor',
    usage: { modelCalls: 3 },
    budget: { modelCalls: { reserved: 0 } },
  });
  expect(await asked('minute')).toHaveLength(3);
  const ended = await eventually(
    'it goes on when the minute is over',
    async () => {
      const now = await house.run(id);
      return now.finishedAt === null ? undefined : now;
    },
    100_000,
  );
  expect(ended).toMatchObject({ status: 'completed', usage: { modelCalls: 4 } });
  const [first, , , last] = await asked('minute');
  expect(Date.parse(last?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThan(60_000 - 100);
}, 150_000);
