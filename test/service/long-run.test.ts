import { limits } from '../../src/contract/limits';
import { chainOf } from './support/chain';
import { ask, openHouse, planOf, type House } from './support/house';
import { temporalTools, type TemporalTools } from './support/temporal';

let house: House;
let temporal: TemporalTools;
beforeAll(async () => {
  [house, temporal] = await Promise.all([openHouse(), temporalTools()]);
}, 120_000);
afterAll(() => Promise.all([house.close(), temporal.close()]), 60_000);

test('three hundred agents in a row, each shown all answers before it, leave no history over 5 MB', async () => {
  await house.vendor.script({
    match: 'You write.',
    times: 1000,
    then: { type: 'answer', text: 'A sentence of some length. '.repeat(12) },
  });
  const context = { mode: 'full', maxTokens: 1_000_000 };
  const flow = {
    type: 'sequence',
    steps: Array.from({ length: 300 }, (_, index) => ask(`Part ${String(index)}.`, { context })),
  };
  const id = await house.start(planOf(flow, { limits: { costUsd: 1000, modelCalls: 1000, tokens: null } }));
  const run = await house.ended(id, 550_000);
  expect(run).toMatchObject({ status: 'completed', stateVersion: 301, usage: { modelCalls: 300 } });
  expect((await house.vendor.totals()).calls).toBe(300);
  const chain = await chainOf(temporal, id);
  expect(chain.length).toBeGreaterThan(1);
  for (const events of chain) {
    // The last task's own figure is the history before it; what follows is a few events.
    const sizes = events.map(({ workflowTaskStartedEventAttributes: started }) =>
      Number(started?.historySizeBytes ?? 0),
    );
    expect(Math.max(...sizes)).toBeLessThan(5 * 1024 * 1024);
    expect(events.length).toBeLessThan(limits.historyEventsMax + 100);
  }
}, 600_000);
