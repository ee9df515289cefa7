import { anthropic } from '../../src/gateway/vendors/anthropic';
import type { Run } from '../../src/contract/api';
import { ask, planOf, useHouse } from './support/house';

// What a plan may spend, held by the whole service: counted by the vendor, not by what the service
// says of itself.

const house = useHouse({ latencyMs: 100 });
beforeEach(async () => {
  await house.vendor.clearScript();
  await house.vendor.script({ times: 1000, then: { type: 'answer', useWholeCap: true } });
});

const cap = 200;
const agents = {
  writer: {
    ...{ model: 'claude-sonnet', instructions: 'You write.', rateLimit: 100_000 },
    ...{ maxOutputTokens: cap, minOutputTokens: cap, maxContinuations: 0 },
  },
};
const fanOut = (branches: number, mark: string, rest: object = {}) => ({
  type: 'parallel',
  concurrency: 20,
  require: 0,
  branches: Object.fromEntries(
    Array.from({ length: branches }, (_, n) => [
      `b${String(n + 10)}`,
      ask(`${mark} of branch ${String(n + 10)}`),
    ]),
  ),
  ...rest,
});
const run = async (flow: unknown, rest: object = {}): Promise<Run> =>
  house.ended(await house.start(planOf(flow, { agents, ...rest })));
const asked = async (mark: string) =>
  (await house.vendor.ledger()).filter(
    ({ path, messages }) => path === '/v1/messages' && messages.some(({ text }) => text.includes(mark)),
  );

/** The worst case of one branch in USD by the vendor's own count, 5 % added, at the prices of claude-sonnet-5-5. */
async function worstUsd(mark: string): Promise<{ usd: number; tokens: number }> {
  await run(ask(`${mark} of branch 00`));
  const [sample] = await asked(mark);
  if (sample === undefined) throw new Error('The sample never came.');
  const vendor = anthropic({ apiKey: 'x', baseUrl: house.vendor.url });
  const counted = await vendor.count(
    {
      ...{
        model: sample.model,
        system: sample.system,
        maxOutputTokens: cap,
        schema: undefined,
        temperature: undefined,
      },
      messages: sample.messages,
    },
    AbortSignal.timeout(5_000),
  );
  const input = Math.ceil((counted ?? 0) * 1.05);
  return { usd: (input * 2500 + cap * 10_000) / 1e9, tokens: input + cap };
}

test('makes exactly five calls of twenty branches where the limit is five times the worst case', async () => {
  const { usd } = await worstUsd('apples');
  const before = (await asked('apples')).length;
  const ended = await run(fanOut(20, 'apples'), { limits: { costUsd: usd * 5 } });
  expect((await asked('apples')).length - before).toBe(5);
  expect(ended).toMatchObject({ status: 'partial', usage: { modelCalls: 5 } });
  expect(ended.usage.costUsd).toBeLessThanOrEqual(usd * 5);
  expect(ended.result?.incomplete.filter(({ code }) => code === 'budget_exceeded')).toHaveLength(15);
  expect(ended.budget.costUsd.reserved).toBe(0);
}, 90_000);

test('makes exactly five calls of twenty branches where five model calls are allowed', async () => {
  const ended = await run(fanOut(20, 'pears'), { limits: { modelCalls: 5 } });
  expect(await asked('pears')).toHaveLength(5);
  expect(ended).toMatchObject({ status: 'partial', usage: { modelCalls: 5 } });
  expect(ended.result?.incomplete.filter(({ code }) => code === 'budget_exceeded')).toHaveLength(15);
}, 90_000);

test('holds nested limits of a branch, a step and the plan each to its own subtree', async () => {
  const inner = fanOut(4, 'plums inner', { limits: { modelCalls: 2 } });
  const step = {
    ...{ type: 'sequence', id: 'outer', limits: { modelCalls: 5 } },
    steps: [inner, fanOut(6, 'plums outer')],
  };
  const flow = { type: 'sequence', steps: [step, { id: 'rest', ...fanOut(4, 'plums rest') }] };
  const ended = await run(flow, { limits: { modelCalls: 7 } });
  expect(await asked('plums inner')).toHaveLength(2);
  expect(await asked('plums outer')).toHaveLength(3);
  expect(await asked('plums rest')).toHaveLength(2);
  expect(ended).toMatchObject({ status: 'partial', usage: { modelCalls: 7 } });
}, 90_000);

test('ends with what there is, or fails, as the limit that was hit says', async () => {
  const steps = [
    { id: 'first', ...ask('cherries one') },
    { id: 'second', ...ask('cherries two') },
  ];
  const flow = { type: 'sequence', steps };
  const partial = await run(flow, { limits: { modelCalls: 1, onExceeded: 'return_partial' } });
  expect(partial).toMatchObject({ status: 'partial', usage: { modelCalls: 1 } });
  const [made] = await asked('cherries one');
  expect(made).toBeDefined();
  expect(partial.result?.output).toEqual(expect.any(String));
  expect(partial.result?.incomplete).toMatchObject([{ code: 'budget_exceeded' }]);
  const failed = await run(flow, { limits: { modelCalls: 1, onExceeded: 'fail' } });
  expect(failed).toMatchObject({ status: 'failed', result: { error: { code: 'budget_exceeded' } } });
  // On a step it is that step's own affair, and the run goes on.
  const inside = {
    type: 'sequence',
    id: 'inside',
    steps,
    limits: { modelCalls: 1, onExceeded: 'fail' },
    onFailure: 'skip',
  };
  const around = { type: 'sequence', steps: [inside, { id: 'after', ...ask('cherries three') }] };
  expect(await run(around)).toMatchObject({ status: 'partial', usage: { modelCalls: 2 } });
  expect(await asked('cherries three')).toHaveLength(1);
}, 90_000);

test('lowers the output cap to what fits, and says so in the step', async () => {
  const { usd } = await worstUsd('grapes');
  const flexible = { writer: { ...agents.writer, minOutputTokens: 50 } };
  const limits = { costUsd: usd - (100 * 10_000) / 1e9 };
  const id = await house.start(planOf(ask('grapes of branch 01'), { agents: flexible, limits }));
  const ended = await house.ended(id);
  const [, lowered] = await asked('grapes');
  expect(lowered?.maxTokens).toBeGreaterThanOrEqual(50);
  expect(lowered?.maxTokens).toBeLessThanOrEqual(100);
  expect(ended.usage.costUsd).toBeLessThanOrEqual(limits.costUsd);
  const detail = await house.step(id, 'root');
  expect(detail.calls).toMatchObject([{ status: 'done', capLowered: lowered?.maxTokens }]);
}, 90_000);

test('waits in line while others hold what it needs, and then makes the call', async () => {
  const { usd } = await worstUsd('figs');
  await house.vendor.clearScript();
  await house.vendor.script({ times: 1000, then: { type: 'answer', text: 'Short.' } });
  // Two worst cases never fit at once, but three short answers do one after the other.
  const ended = await run(fanOut(3, 'figs'), { limits: { costUsd: usd * 1.5 } });
  expect(ended).toMatchObject({ status: 'completed', usage: { modelCalls: 3 } });
}, 90_000);
