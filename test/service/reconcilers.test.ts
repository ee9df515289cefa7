import type { Run } from '../../src/contract/api';
import { openDatabase, type Database } from '../../src/ledger/database';
import { openCluster, type Cluster } from '../support/cluster';
import { eventually } from '../support/eventually';
import { planOf } from './support/house';
import { useTemporal } from './support/temporal';

let cluster: Cluster;
let database: Database;
const temporal = useTemporal();
beforeAll(async () => {
  cluster = await openCluster({ apis: 2, workers: 1, gateways: 1 });
  database = openDatabase(cluster.databaseUrl, 2);
}, 120_000);
afterAll(async () => {
  await database.end();
  await cluster.close();
}, 60_000);

/** The process that has the lease. */
async function holder(): Promise<number | undefined> {
  const { rows } = await database.query<{ owner: string }>(
    `SELECT owner FROM leases WHERE name = 'reconciler' AND until > now()`,
  );
  return rows[0] === undefined ? undefined : Number(rows[0].owner.split(' ')[1]);
}

test('when the API process that reconciles is killed, the other one does it within the lease', async () => {
  const first = await eventually('one reconciles', holder);
  const dies = cluster.apis.findIndex((api) => api.pid() === first);
  const lives = 1 - dies;
  const plan = planOf({ type: 'approval', title: 'Good?', content: 'x' });
  const answer = await cluster.request(lives, 'POST', '/v1/runs', { plan, input: {} });
  const { id } = answer.body as Run;
  const read = async () => (await cluster.request(lives, 'GET', `/v1/runs/${id}`)).body as Run;
  await eventually('it waits', async () => ((await read()).status === 'waiting' ? true : undefined));
  expect(await holder()).toBe(first);

  await cluster.apis[dies]?.kill();
  const at = Date.now();
  await temporal.command('workflow', 'terminate', '-w', id, '--reason', 'while nobody looked');
  const run = await eventually('the termination shows', async () => {
    const now = await read();
    return now.status === 'failed' ? now : undefined;
  });
  expect(Date.now() - at).toBeLessThan(20_000);
  expect(run.result?.error).toMatchObject({ code: 'terminated' });
  expect(await holder()).toBe(cluster.apis[lives]?.pid());
}, 60_000);
