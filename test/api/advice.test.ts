import type { Recommendation } from '../../src/contract/advice-api';
import type { PlanValidation } from '../../src/contract/plans-api';
import type { Problem } from '../../src/contract/problems';
import { bearer, testApi, type TestApi } from './api';

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
