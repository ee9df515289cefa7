import { openProxy, type Proxy } from '../../chaos/proxy';
import { testDatabase, type TestDatabase } from '../support/database';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { startPart, type Part } from '../support/part';

let ledger: TestDatabase;
let proxy: Proxy;
let worker: Part;
beforeAll(async () => {
  ledger = await testDatabase();
  proxy = await openProxy({ port: Number(process.env['TEST_TEMPORAL_ADDRESS']?.split(':')[1]) });
  worker = await startPart('worker/main', {
    env: {
      ...{ DATABASE_URL: ledger.url, TEMPORAL_ADDRESS: `127.0.0.1:${String(proxy.port)}` },
      ...{ GATEWAY_URL: 'http://127.0.0.1:1', FERMATA_INTERNAL_KEY: 'internal-key-of-the-tests' },
      ...{ FERMATA_TASK_QUEUE: 'log-of-a-worker', WORKER_METRICS_PORT: String(await freePort()) },
    },
  });
}, 60_000);
afterAll(async () => {
  proxy.heal();
  await worker.stop();
  await proxy.close();
  await ledger.close();
}, 60_000);

test("what Temporal's SDK has to say of a server that is away is a line of the worker's log", async () => {
  proxy.cut();
  const lines = () => worker.output().split('\n').slice(0, -1);
  const words = /poll_workflow_task_queue|poll_activity_task_queue/;
  const line = await eventually('the SDK complains', () => lines().find((each) => words.test(each)));
  expect(JSON.parse(line)).toMatchObject({
    part: 'worker',
    level: 40,
    msg: expect.stringMatching(words) as unknown,
  });
  for (const each of lines()) expect(() => JSON.parse(each) as unknown).not.toThrow();
}, 90_000);
