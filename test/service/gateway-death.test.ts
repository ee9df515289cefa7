import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

// What a user sees of a model call whose gateway was killed with it.

const house = useHouse();

test('shows in the step which request may have been paid for nothing, and keeps its worst case reserved', async () => {
  await house.vendor.script({ then: { type: 'slow', ms: 60_000 } });
  const id = await house.start(planOf(ask('a long thought')));
  await eventually('the call is at the vendor', async () => (await house.vendor.totals()).calls === 1);
  process.kill(house.service.pid('gateway'), 'SIGKILL');
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } });
  const [, paid] = (await house.vendor.ledger()).filter(({ path }) => path === '/v1/messages');
  expect(run.usage).toMatchObject({ inputTokens: paid?.inputTokens, outputTokens: paid?.outputTokens });
  expect(run.budget.costUsd.reserved).toBeGreaterThan(0);
  const { calls } = await house.step(id, 'root');
  expect(calls).toMatchObject([
    {
      ...{ status: 'done', ambiguous: 1 },
      attempts: [
        { error: 'gateway_lost', ms: null, requestId: null },
        { error: null, requestId: paid?.requestId },
      ],
    },
  ]);
}, 120_000);
