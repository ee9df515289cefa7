import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase, type Database } from '../../src/ledger/database';
import { ask, planOf } from '../service/support/house';
import { openCluster, type Cluster } from '../support/cluster';
import { eventually } from '../support/eventually';
import { clientOf, type Client } from './support/client';

let cluster: Cluster;
let client: Client;
let database: Database;
beforeAll(async () => {
  cluster = await openCluster({ latencyMs: 700 });
  client = clientOf(cluster);
  database = openDatabase(cluster.databaseUrl, 2);
}, 120_000);
afterAll(async () => {
  await database.end();
  await cluster.close();
}, 60_000);

const plan = planOf({
  type: 'sequence',
  steps: [
    { id: 'a', ...ask('one') },
    { id: 'b', ...ask('two') },
    { id: 'c', ...ask('three') },
  ],
});
const callsOfRun = 3;

const callsAtVendor = async () => (await cluster.vendor.totals()).calls;
const inFlight = async () =>
  (await cluster.vendor.ledger()).filter(({ completedAt }) => completedAt == null).length;

/** How often the ledger says that an answer may have been paid for and lost, over these runs. */
async function ambiguous(runs: string[]): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'SELECT coalesce(sum(ambiguous), 0) AS count FROM calls WHERE run = ANY($1)',
    [runs],
  );
  return Number(rows[0]?.count);
}

async function startRuns(count: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, () => client.start(plan)));
}

/** So many runs at a time, each followed by the next one, so that a slow machine is not flooded. */
async function keepRunning(runs: string[], atOnce: number, signal: AbortSignal): Promise<void> {
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (!signal.aborted) {
        const run = await client.start(plan);
        runs.push(run);
        await client.ended(run, 150_000);
      }
    }),
  );
}

async function expectCompleted(runs: string[]): Promise<void> {
  for (const run of runs) expect(await client.ended(run, 150_000)).toMatchObject({ status: 'completed' });
}

test('goes on at the other gateway when one is killed, and names every call that may be paid twice', async () => {
  const before = await callsAtVendor();
  const runs = await startRuns(8);
  await eventually('calls are at the vendor', async () => ((await inFlight()) >= 4 ? true : undefined));
  const [first] = cluster.gateways;
  await first?.kill();
  await expectCompleted(runs);
  const again = (await callsAtVendor()) - before - runs.length * callsOfRun;
  const named = await ambiguous(runs);
  expect(again).toBeGreaterThanOrEqual(0);
  expect(again).toBeLessThanOrEqual(named);
  expect(named).toBeLessThanOrEqual(runs.length);
  const { body: figures } = await cluster.request(0, 'GET', '/metrics');
  const told = String(figures).matchAll(/^fermata_ambiguous_requests_total\{.*\} (\d+)$/gm);
  expect([...told].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(named);
  await first?.restart();
}, 240_000);

test('makes no call twice for a gateway that is killed with nothing in flight', async () => {
  const before = await callsAtVendor();
  await cluster.gateways[1]?.kill();
  const runs = await startRuns(4);
  await expectCompleted(runs);
  expect((await callsAtVendor()) - before).toBe(runs.length * callsOfRun);
  expect(await ambiguous(runs)).toBe(0);
  await cluster.gateways[1]?.restart();
}, 240_000);

test('pays for no call twice when a worker is frozen for 30 s with calls in flight', async () => {
  const before = await callsAtVendor();
  const runs = await startRuns(12);
  await eventually('calls are at the vendor', async () => ((await inFlight()) >= 6 ? true : undefined));
  const [frozen] = cluster.workers;
  frozen?.freeze();
  await sleep(30_000);
  frozen?.thaw();
  await expectCompleted(runs);
  expect((await callsAtVendor()) - before).toBe(runs.length * callsOfRun);
  expect(await ambiguous(runs)).toBe(0);
}, 240_000);

test('loses nothing and pays nothing twice while every part is told to stop and started again', async () => {
  const before = await callsAtVendor();
  const runs: string[] = [];
  const over = new AbortController();
  const load = keepRunning(runs, 8, over.signal);
  try {
    for (const member of [...cluster.gateways, ...cluster.workers, ...cluster.apis]) {
      await eventually('there is load', async () => ((await inFlight()) >= 2 ? true : undefined), 60_000);
      const code = await member.stop();
      // A worker that is out of time is cut short, and nothing depends on it; the others must come to their end.
      if (member.kind !== 'worker' && code !== 0)
        throw new Error(`${member.name} ended with ${String(code)}: ${member.output().slice(-4_000)}`);
      await member.restart();
    }
  } finally {
    over.abort();
    await load;
  }
  await expectCompleted(runs);
  expect(await ambiguous(runs)).toBe(0);
  expect((await callsAtVendor()) - before).toBe(runs.length * callsOfRun);
}, 400_000);
