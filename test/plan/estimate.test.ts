import type { Json } from '../../src/contract/value';
import { estimateOf } from '../../src/plan/advice/estimate';
import { agentStep, contentProduction, fromYaml, planOf, sequenceOf, simulated, validated } from './plans';

const none = { models: simulated, input: {}, past: null };
const calls = async (flow: Json, input: Json = {}) => {
  const plan = await validated(planOf(flow, { limits: { modelCalls: null, costUsd: 1000 } }));
  const { min, expected, max } = estimateOf(plan, { ...none, input }).modelCalls;
  return [min, expected, max];
};

describe('what a run is expected to use', () => {
  it('comes from the shape of the plan: what must be called, what usually is, and every loop at its cap', async () => {
    const plan = await validated(fromYaml(contentProduction));
    const { modelCalls, costUsd, seconds, pastRuns } = estimateOf(plan, none);
    // One researcher must succeed, and the first draft may pass; at most it is revised twice.
    expect(modelCalls).toEqual({ min: 3, expected: 6, max: 9 });
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
    const cheaper = await costOf([{ when: true, model: ['claude-haiku', 'claude-sonnet'] }]);
    expect(cheaper).toMatchObject({ expected: alone.expected, max: alone.max });
    expect(cheaper.min).toBeLessThanOrEqual(alone.min);
    const dearer = await costOf([{ when: true, model: 'dear' }]);
    expect(dearer).toMatchObject({ min: alone.min, expected: alone.expected });
    expect(dearer.max).toBeGreaterThan(2 * alone.max);
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
      modelCalls: { min: 0, expected: 1, max: 1 },
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
      { when: 'input.a == 1', step: agentStep('a') },
      { when: 'input.a == 2', step: two },
    ];
    expect(await calls({ type: 'choice', cases, otherwise: agentStep('c') })).toEqual([1, 1, 2]);
  });

  it('takes the limits of a step as the most that the step can use', async () => {
    const two = sequenceOf(agentStep('a'), agentStep('b'), agentStep('c'));
    expect(await calls({ ...two, limits: { modelCalls: 2 } })).toEqual([2, 2, 2]);
  });

  it('goes to the cap of every loop, tries of assignments among them', async () => {
    const refine = { type: 'refine', generator: agentStep('a'), evaluator: 'reviewer', maxIterations: 4 };
    expect(await calls(refine)).toEqual([2, 4, 8]);
    const debate = { type: 'debate', panel: ['writer', 'reviewer'], judge: 'reviewer', rounds: 3 };
    expect(await calls(debate)).toEqual([3, 7, 7]);
    const workers = { one: { step: agentStep('Do it.') } };
    const supervisor = {
      type: 'supervisor',
      supervisor: 'reviewer',
      workers,
      maxRounds: 2,
      maxAssignments: 3,
    };
    expect(await calls(supervisor)).toEqual([1, 3, 9]);
  });

  it('follows what runs of the plan have come to, within its bounds', async () => {
    const plan = await validated(fromYaml(contentProduction));
    const past = { runs: 7, calls: 5, costNano: 13_300_000, seconds: 61.23 };
    const estimate = estimateOf(plan, { ...none, past });
    expect(estimate).toMatchObject({
      pastRuns: 7,
      seconds: 61.2,
      modelCalls: { min: 3, expected: 5, max: 9 },
    });
    expect(estimate.costUsd.expected).toBe(0.0133);
    const many = estimateOf(plan, { ...none, past: { ...past, calls: 50 } });
    expect(many.modelCalls.expected).toBe(9);
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
