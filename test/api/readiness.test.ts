import type { Readiness } from '../../src/contract/plans-api';
import { eventually } from '../support/eventually';
import { startPart } from '../support/part';
import { internalKey, testApi, type TestApi } from './api';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

const worker = async () => (await api.app.inject({ url: '/readyz' })).json<Readiness>().parts.worker;

test('GET /readyz misses a worker that was killed, which Temporal still shows as polling', async () => {
  const part = await startPart('worker/main', {
    env: {
      TEMPORAL_ADDRESS: api.temporalAddress,
      DATABASE_URL: api.ledger.url,
      GATEWAY_URL: 'http://127.0.0.1:1',
      FERMATA_INTERNAL_KEY: internalKey,
      FERMATA_TASK_QUEUE: api.taskQueue,
    },
  });
  await eventually('the worker is there', async () => (await worker()).ok || undefined);
  part.child.kill('SIGKILL');
  await part.ended;
  const missed = await eventually('the worker is missed', async () => {
    const now = await worker();
    return now.ok ? undefined : now.detail;
  });
  expect(missed).toBe(`No worker of the task queue ${api.taskQueue} gives a sign of life.`);
}, 60_000);
