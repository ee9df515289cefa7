import { bearer, smallPlan, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

function start(payload: object, headers: object = {}) {
  return api.app.inject({
    method: 'POST',
    url: '/v1/runs',
    headers: { ...bearer(key), ...headers },
    payload,
  });
}

describe('POST /v1/runs', () => {
  it('starts a workflow named for the root pattern whose id is the id of the run', async () => {
    const response = await start({
      plan: writerPlan,
      input: { topic: 'heat pumps' },
      options: { labels: { team: 'a' } },
    });
    expect(response.json()).toMatchObject({
      plan: { name: 'writer', version: '1.0.0' },
      status: 'queued',
      input: { topic: 'heat pumps' },
      labels: { team: 'a' },
      priority: 3,
      simulated: true,
      result: null,
      usage: { modelCalls: 0, costUsd: 0 },
    });
    expect(response.statusCode).toBe(201);
    const { id } = response.json<{ id: string }>();
    const description = await api.service.temporal.client.workflow.getHandle(id).describe();
    expect(description.type).toBe('sequence');
    expect(description.taskQueue).toBe(api.taskQueue);
  });

  it('runs the highest release of a stored plan by its bare name', async () => {
    for (const version of ['1.2.0', '1.10.0', '1.3.0', '2.0.0-rc.1'])
      await api.app.inject({
        method: 'POST',
        url: '/v1/plans',
        headers: bearer(key),
        payload: { ...smallPlan, version },
      });
    const response = await start({ plan: 'small' });
    expect(response.json()).toMatchObject({ plan: { name: 'small', version: '1.10.0' } });
  });
});
