import type { Estimate, Recommendation } from '../../src/contract/advice-api';
import type { PlanValidation } from '../../src/contract/plans-api';
import type { Problem } from '../../src/contract/problems';
import { bearer, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key({ scopes: ['runs:read'] });
});
afterAll(() => api.close());

const post = (url: string, payload: object) =>
  api.app.inject({ method: 'POST', url, headers: bearer(key), payload });

describe('POST /v1/plans/recommend', () => {
  it('gives a pattern, the way to it and a plan that validates', async () => {
    const response = await post('/v1/plans/recommend', {
      goal: 'Compare the filings of several companies',
      answers: { dynamicDelegation: false },
    });
    expect(response.statusCode).toBe(200);
    const { pattern, questions, plan } = response.json<Recommendation>();
    expect(pattern).toBe('parallel');
    expect(questions.map(({ name, source }) => [name, source])).toEqual([
      ['stepsDepend', 'goal'],
      ['moreThanTenAgents', 'assumed'],
      ['dynamicDelegation', 'answers'],
      ['allResultsNeeded', 'goal'],
    ]);
    const judged = await post('/v1/plans/validate', plan as object);
    expect(judged.json<PlanValidation>()).toMatchObject({ valid: true, warnings: [] });
  });

  it('refuses what it does not ask, and to be asked nothing', async () => {
    expect((await post('/v1/plans/recommend', {})).statusCode).toBe(422);
    const refused = await post('/v1/plans/recommend', { answers: { colour: true } });
    expect(refused.json<Problem>().errors?.map(({ path }) => path)).toEqual(['/answers/colour']);
  });
});

describe('POST /v1/runs/estimate', () => {
  it('takes what a start takes and starts nothing', async () => {
    const start = {
      plan: writerPlan,
      input: { topic: 'heat pumps' },
      options: { limits: { costUsd: 0.02 } },
    };
    const response = await post('/v1/runs/estimate', start);
    expect(response.statusCode).toBe(200);
    const { modelCalls, costUsd, pastRuns, warnings } = response.json<Estimate>();
    expect({ modelCalls, pastRuns }).toEqual({ modelCalls: { min: 1, expected: 1, max: 10 }, pastRuns: 0 });
    expect(costUsd.max).toBe(0.02);
    expect(warnings).toEqual([]);
    const runs = await api.app.inject({ url: '/v1/runs', headers: bearer(key) });
    expect(runs.json()).toMatchObject({ items: [] });
  });

  it('says what the plan itself warns of, where it stands in the body', async () => {
    const plan = { ...writerPlan, limits: { costUsd: 0.001 } };
    const { warnings } = (
      await post('/v1/runs/estimate', { plan, input: { topic: 'x y z' } })
    ).json<Estimate>();
    expect(warnings.map(({ path, code }) => [path, code])).toEqual([
      ['/plan/limits/costUsd', 'limit_may_be_exceeded'],
    ]);
  });

  it('refuses what a start would refuse', async () => {
    const refused = await post('/v1/runs/estimate', { plan: writerPlan, input: {} });
    expect(refused.json<Problem>()).toMatchObject({ status: 422, errors: [{ path: '/input' }] });
    expect((await post('/v1/runs/estimate', { plan: 'unknown' })).statusCode).toBe(422);
  });
});
