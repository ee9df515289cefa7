import { limits } from '../../src/contract/limits';
import { chainOf } from './support/chain';
import { ask, planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse();
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

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
  expect((await chainOf(temporal, id)).length).toBeGreaterThan(1);
  await expectSmallHistories(id);
}, 600_000);

test('five hundred branches, of which some fail, end in groups, and leave no history over 5 MB', async () => {
  await house.vendor.script({ match: 'Item 41', times: 1000, then: { type: 'error', status: 400 } });
  const text = 'A finding of some length. '.repeat(12);
  await house.vendor.script({ match: 'Item', times: 1000, then: { type: 'answer', text } });
  const flow = {
    type: 'parallel',
    ...{ forEach: '{{ input.items }}', concurrency: 50, step: ask('Item {{ item }}') },
    reduce: { type: 'set', value: '{{ branches | map: "status" }}' },
  };
  const budget = { costUsd: 1000, modelCalls: 1000, tokens: null };
  const items = Array.from({ length: 500 }, (_, index) => `${String(index)}.`);
  const id = await house.start(planOf(flow, { limits: budget }), { items });
  const run = await house.ended(id, 550_000);
  expect(run).toMatchObject({ status: 'partial', usage: { modelCalls: 500 } });
  const failed = (index: number) => /^41/.test(String(index));
  expect(run.result?.output).toEqual(items.map((_, index) => (failed(index) ? 'failed' : 'completed')));
  expect(run.result?.incomplete.map(({ step }) => step)).toEqual(
    items.flatMap((_, index) => (failed(index) ? [String(index)] : [])),
  );
  for (const workflow of [id, `${id}/root/0-250`, `${id}/root/250-500`]) await expectSmallHistories(workflow);
}, 600_000);

test('a supervisor of fifty rounds that never finishes ends at its cap, and leaves no history over 5 MB', async () => {
  for (let round = 1; round <= 51; round++) {
    const verdict = { assignment: `a${String(round - 1)}`, verdict: 'accept', worker: null, feedback: '' };
    const json = {
      verdicts: round === 1 ? [] : [verdict],
      assignments: [{ worker: 'writer', task: `Part ${String(round)}.` }],
      ...{ finished: false, answer: null, reason: 'There is more to do. '.repeat(20) },
    };
    await house.vendor.script({ match: 'You lead.', times: 1, then: { type: 'answer', json } });
  }
  const flow = {
    ...{ type: 'supervisor', supervisor: 'lead', prompt: 'Go on.', maxRounds: 50, maxAssignments: 50 },
    workers: { writer: { step: { type: 'set', value: `{{ task }} ${'A long report. '.repeat(200)}` } } },
  };
  const lead = { model: 'claude-haiku', instructions: 'You lead.', rateLimit: 100_000 };
  const budget = { costUsd: 1000, modelCalls: null, tokens: null };
  const id = await house.start(planOf(flow, { agents: { lead }, limits: budget, context: 'none' }));
  const run = await house.ended(id, 200_000);
  expect(run).toMatchObject({
    ...{ status: 'partial', usage: { modelCalls: 51 } },
    result: { incomplete: [{ step: 'root', code: 'rounds_exhausted' }] },
  });
  expect(Object.keys(run.result?.output as object)).toHaveLength(50);
  await expectSmallHistories(id);
}, 250_000);

async function expectSmallHistories(workflow: string): Promise<void> {
  for (const events of await chainOf(temporal, workflow)) {
    // The last task's own figure is the history before it; what follows is a few events.
    const sizes = events.map(({ workflowTaskStartedEventAttributes: started }) =>
      Number(started?.historySizeBytes ?? 0),
    );
    expect(Math.max(...sizes)).toBeLessThan(5 * 1024 * 1024);
    expect(events.length).toBeLessThan(limits.historyEventsMax + 100);
  }
}
