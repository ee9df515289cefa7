import fc from 'fast-check';
import { loadCatalog } from '../../src/catalog/load';
import type { Json } from '../../src/contract/value';
import type { JsonObject } from '../../src/plan/json';
import type { Plan } from '../../src/contract/plan';
import type { Life } from '../../src/plan/measure';
import { spendingOf } from '../../src/plan/spending';
import { nestings } from '../service/support/nestings';
import { estimateOf } from '../../src/plan/advice/estimate';
import { validatePlan } from '../../src/plan/validate';
import { agentStep, contentProduction, fromYaml, planOf, sequenceOf, simulated, validated } from './plans';

const none = { models: simulated, input: {}, past: null };
const calls = async (flow: Json, input: Json = {}, agent: JsonObject = {}) => {
  // Nothing is asked again but what breaks its shape, and nothing is too long.
  const once = { retry: { maxRetries: 0 }, maxContinuations: 0, maxOutputTokens: 500, ...agent };
  const agents = {
    writer: { model: 'claude-sonnet', instructions: 'Write.', ...once },
    reviewer: { model: 'claude-haiku', instructions: 'Review.', ...once },
  };
  const limits = { modelCalls: null, costUsd: 1000 };
  const plan = await validated(planOf(flow, { agents, limits }));
  const { min, expected, max } = estimateOf(plan, { ...none, input }).modelCalls;
  return [min, expected, max];
};

describe('what a run is expected to use', () => {
  it('comes from the shape of the plan: what must be called, what usually is, and every loop at its cap', async () => {
    const plan = await validated(fromYaml(contentProduction));
    const { modelCalls, costUsd, seconds, pastRuns } = estimateOf(plan, none);
    // One researcher must succeed, and the first draft may pass; at most calls come to their limit.
    expect(modelCalls).toEqual({ min: 3, expected: 6, max: 30 });
    expect(costUsd.min).toBeLessThan(costUsd.expected);
    expect(costUsd.expected).toBeLessThan(costUsd.max);
    // No run costs more than its limit.
    expect([costUsd.max, pastRuns]).toEqual([0.2, 0]);
    expect(seconds).toBeGreaterThan(0);
  });

  it('takes the dearest model that may be selected as the worst case, and the first of all as the usual one', async () => {
    const costOf = async (select: Json[]) => {
      const writer = {
        model: 'claude-sonnet',
        instructions: 'x',
        ...(select.length === 0 ? {} : { select }),
      };
      const plan = await validated(
        planOf(agentStep('a'), { agents: { writer }, limits: { costUsd: 1000, allowUnpriced: true } }),
      );
      return estimateOf(plan, none).costUsd;
    };
    const alone = await costOf([]);
    const when = 'previous == 1'; // What only the run will tell.
    const cheaper = await costOf([{ when, model: 'claude-haiku' }]);
    expect(cheaper).toMatchObject({ expected: alone.expected, max: alone.max });
    expect(cheaper.min).toBeLessThanOrEqual(alone.min);
    const dearer = await costOf([{ when, model: 'dear' }]);
    expect(dearer).toMatchObject({ min: alone.min, expected: alone.expected });
    expect(dearer.max).toBeGreaterThan(2 * alone.max);
    // All of a list may be asked, one after another.
    const fallback = await costOf([{ when, model: ['claude-haiku', 'claude-sonnet'] }]);
    expect(fallback.max).toBeGreaterThan(alone.max);
    // Where the input tells, nothing else is asked.
    expect(await costOf([{ when: true, model: 'claude-sonnet' }])).toEqual(alone);
    expect(await costOf([{ when: 'input == 1', model: 'dear' }])).toEqual(alone);
    expect((await costOf([{ when: 'input != 1', model: 'dear' }])).expected).toBeGreaterThan(alone.expected);
  });

  it('counts the entries of a list that the input has', async () => {
    const each = { type: 'parallel', require: 'all', as: 'x', step: agentStep('Say {{ x }}.') };
    const from = { ...each, forEach: '{{ input.list }}' };
    expect(await calls(from, { list: [1, 2, 3, 4] })).toEqual([4, 4, 4]);
    expect(await calls({ ...each, forEach: [1, 2] })).toEqual([2, 2, 2]);
    expect(await calls(from, {})).toEqual([0, 5, 10_000]);
  });

  it('takes an answer that may be given again as no call at least', async () => {
    const writer = { model: 'claude-sonnet', instructions: 'x', cache: { ttl: '1h' } };
    const plan = await validated(planOf(agentStep('a'), { agents: { writer } }));
    expect(estimateOf(plan, none)).toMatchObject({
      modelCalls: { min: 0, expected: 1, max: 10 },
      costUsd: { min: 0 },
    });
  });

  it('takes what may be skipped or survived as no call at least', async () => {
    expect(await calls(agentStep('Say it.', { when: 'input.loud == true' }))).toEqual([0, 1, 1]);
    expect(await calls(sequenceOf(agentStep('a', { onFailure: 'skip' }), agentStep('b')))).toEqual([1, 2, 2]);
    const otherwise = { onFailure: { step: agentStep('b') } };
    expect(await calls(agentStep('a', otherwise))).toEqual([0, 1, 2]);
  });

  it('takes the cheapest and the dearest of several ways', async () => {
    const two = sequenceOf(agentStep('a'), agentStep('b'));
    const cases = [
      { when: 'previous == 1', step: agentStep('a') },
      { when: 'previous == 2', step: two },
    ];
    expect(await calls({ type: 'choice', cases, otherwise: agentStep('c') })).toEqual([1, 1, 2]);
  });

  it('takes of the branches that must succeed those with the fewest calls, however dear', async () => {
    const two = sequenceOf(agentStep('a', { agent: 'reviewer' }), agentStep('b', { agent: 'reviewer' }));
    const branches = { one: agentStep('a'), two };
    expect(await calls({ type: 'parallel', branches })).toEqual([1, 3, 3]);
  });

  it('knows the way that conditions on the input alone take', async () => {
    const ask = (when: Json) => agentStep('Say it.', { when });
    expect(await calls(ask('input.a == 1'), { a: 1 })).toEqual([1, 1, 1]);
    expect(await calls(ask('input.a == 1'), { a: 2 })).toEqual([0, 0, 0]);
    expect(await calls(ask({ any: ['input.a == 1', 'previous == 1'] }), { a: 1 })).toEqual([0, 1, 1]);
    // What can't be decided fails in the run.
    expect(await calls(ask('input.a > 1'), { a: 'x' })).toEqual([0, 1, 1]);
    const two = sequenceOf(agentStep('a'), agentStep('b'));
    const three = sequenceOf(two, agentStep('c'));
    const cases = [
      { when: 'input.a == 1', step: agentStep('a') },
      { when: 'previous == 2', step: two },
      { when: 'input.a == 2', step: three },
    ];
    const choice = { type: 'choice', cases };
    expect(await calls(choice, { a: 1 })).toEqual([1, 1, 1]);
    expect(await calls(choice, { a: 2 })).toEqual([2, 3, 3]);
    expect(await calls(choice, { a: 3 })).toEqual([0, 1, 2]);
  });

  it('takes the limits of a step as the most that the step can use', async () => {
    const two = sequenceOf(agentStep('a'), agentStep('b'), agentStep('c'));
    expect(await calls({ ...two, limits: { modelCalls: 2 } })).toEqual([2, 2, 2]);
  });

  it('goes to the cap of every loop, tries of assignments among them', async () => {
    const refine = { type: 'refine', generator: agentStep('a'), evaluator: 'reviewer', maxIterations: 4 };
    expect(await calls(refine)).toEqual([2, 4, 4 + 3 * 4]);
    const debate = { type: 'debate', panel: ['writer', 'reviewer'], judge: 'reviewer', rounds: 3 };
    expect(await calls(debate)).toEqual([3, 7, 6 + 3]);
    const workers = { one: { step: agentStep('Do it.') } };
    const supervisor = {
      type: 'supervisor',
      supervisor: 'reviewer',
      workers,
      maxRounds: 2,
      maxAssignments: 3,
    };
    expect(await calls(supervisor)).toEqual([1, 3, 3 * 3 + 6]);
  });

  it('counts at most whatever may be asked again, of every model', async () => {
    const ask = agentStep('a');
    expect(await calls(ask, {}, { retry: { maxRetries: 4 } })).toEqual([1, 1, 5]);
    expect(await calls(ask, {}, { maxContinuations: 2 })).toEqual([1, 1, 3]);
    expect(await calls(ask, {}, { output: { type: 'object' }, maxContinuations: 2 })).toEqual([1, 1, 5]);
    const models = { model: ['claude-sonnet', 'claude-haiku'], retry: { maxRetries: 1 } };
    expect(await calls(ask, {}, models)).toEqual([1, 1, 4]);
    const never = { retry: { maxRetries: 4, retryOn: [] } };
    expect(await calls(ask, {}, never)).toEqual([1, 1, 1]);
  });

  it('counts at most a summary where what is seen may be too long', async () => {
    const summary = 3 * 4; // Of the service's own summarizer: two continuations, three retries each.
    const after = (first: Json, more: JsonObject = {}) => calls(sequenceOf(first, agentStep('b', more)));
    expect(await after(agentStep('a'))).toEqual([2, 2, 2]);
    expect(await after(agentStep('a'), { context: { maxTokens: 600 } })).toEqual([2, 2, 2 + summary]);
    expect(await after(agentStep('a'), { context: 'summary' })).toEqual([2, 2, 2 + summary]);
    expect(await after({ type: 'question', title: 'Which?' })).toEqual([1, 1, 1 + summary]);
    expect(await after({ type: 'question', title: 'Which?' }, { context: 'none' })).toEqual([1, 1, 1]);
    expect(await calls(agentStep('a', { context: 'summary' }))).toEqual([1, 1, 1]);
  });

  it('counts at most each event that may come, and what the plans that it runs may ask again', async () => {
    const reactor = (until: Json) => ({ type: 'events', handlers: { told: agentStep('a') }, until });
    expect(await calls(reactor({ maxEvents: 3 }))).toEqual([0, 1, 3 + 3 * 12]);
    expect(await calls(reactor({ event: 'end' }))).toEqual([0, 1, 1_000_000 * (1 + 12)]);
    const agents = { writer: { model: 'claude-sonnet', instructions: 'Write.', maxContinuations: 1 } };
    const inner = await validated(planOf(agentStep('a', { context: 'none' }), { agents }));
    const outer = {
      ...(await validated(planOf(agentStep('a')))),
      limits: { modelCalls: null, costUsd: 1000 },
      flow: { type: 'plan' as const, plan: 'inside@1.0.0' },
    };
    const { modelCalls } = estimateOf(outer, { ...none, subPlans: new Map([['inside@1.0.0', inner]]) });
    expect(modelCalls).toEqual({ min: 1, expected: 1, max: 2 * 4 });
  });

  it('measures plans that run the same others over and over in no time', async () => {
    const layers = 14;
    const subPlans = new Map<string, Plan>();
    const inner = await validated(planOf(agentStep('a')));
    const runs = (layer: number) =>
      sequenceOf(
        ...['a', 'b', 'c'].map((name) => ({ type: 'plan', plan: `${name}${String(layer)}@1.0.0` })),
      ) as Plan['flow'];
    for (let layer = 1; layer <= layers; layer++)
      for (const name of ['a', 'b', 'c'])
        subPlans.set(
          `${name}${String(layer)}@1.0.0`,
          layer === layers ? { ...inner } : { ...inner, flow: runs(layer + 1) },
        );
    const { modelCalls } = estimateOf({ ...inner, limits: undefined, flow: runs(1) }, { ...none, subPlans });
    expect(modelCalls.expected).toBe(3 ** layers);
  });

  it('never says less of a longer life, whatever is nested in whatever', async () => {
    const models = { catalog: loadCatalog(''), usable: { simulated: true, vendors: [] } };
    const lives: Life[] = ['least', 'usual', 'most', 'worst'];
    await fc.assert(
      fc.asyncProperty(nestings(4), async ({ plan: json, stored }) => {
        const find = (name: string) => (stored.find((one) => one.name === name) ?? null) as unknown as Json;
        const { plan, subPlans, errors } = await validatePlan(json as Json, models, (name) =>
          Promise.resolve(find(name)),
        );
        if (plan === null) throw new Error(JSON.stringify(errors));
        const at = {
          plan,
          subPlans,
          models,
          input: {},
          unknownItems: 3,
          seenTokens: 0,
        };
        const measured = lives.map((life) => spendingOf(plan.flow, { ...at, life }));
        for (const figure of ['calls', 'inputNano', 'outputNano'] as const) {
          const figures = measured.map((spent) => spent[figure]);
          expect(figures).toEqual(figures.toSorted((a, b) => a - b));
          expect(figures.every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('follows what runs of the plan have come to, within its bounds', async () => {
    const plan = await validated(fromYaml(contentProduction));
    const past = { runs: 7, calls: 5, costNano: 13_300_000, seconds: 61.23 };
    const estimate = estimateOf(plan, { ...none, past });
    expect(estimate).toMatchObject({
      pastRuns: 7,
      seconds: 61.2,
      modelCalls: { min: 3, expected: 5, max: 30 },
    });
    expect(estimate.costUsd.expected).toBe(0.0133);
    const many = estimateOf(plan, { ...none, past: { ...past, calls: 50 } });
    expect(many.modelCalls.expected).toBe(30);
  });

  it('takes as long as the longest line of steps that wait for each other', async () => {
    const seconds = async (flow: Json) => estimateOf(await validated(planOf(flow)), none).seconds;
    const one = await seconds(agentStep('a'));
    const branches = { a: agentStep('a'), b: agentStep('b'), c: agentStep('c') };
    expect(await seconds({ type: 'parallel', branches })).toBeCloseTo(one, 0);
    expect(await seconds(sequenceOf(agentStep('a'), agentStep('b')))).toBeCloseTo(2 * one, 0);
    expect(await seconds({ type: 'parallel', branches, concurrency: 1 })).toBeCloseTo(3 * one, 0);
  });
});
