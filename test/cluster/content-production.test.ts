import { openCluster, type Cluster } from '../support/cluster';
import { example } from '../service/support/house';
import { clientOf, type Client } from './support/client';

let cluster: Cluster;
let client: Client;
beforeAll(async () => {
  cluster = await openCluster({ latencyMs: 100 });
  client = clientOf(cluster);
}, 120_000);
afterAll(() => cluster.close(), 60_000);

const plan = example('content-production');

test('takes every run to its end with two of every part, each call made once', async () => {
  const before = (await cluster.vendor.totals()).calls;
  const ids = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      client.start(plan, { topic: `tidal power, volume ${String(index)}` }),
    ),
  );
  for (const [index, id] of ids.entries()) {
    const approval = await client.waiting(id);
    expect(await client.decide(index % 2, approval.id, { decision: 'approve' })).toMatchObject({
      status: 200,
      body: { status: 'approved' },
    });
    expect(await client.ended(id)).toMatchObject({
      status: 'completed',
      result: { output: approval.content, incomplete: [], error: null },
    });
  }
  const calls = (await cluster.vendor.totals()).calls - before;
  expect(calls).toBe(6 * 5);
}, 120_000);

test('decides an approval once, whichever API is asked, and tells the other', async () => {
  const id = await client.start(plan, { topic: 'wave power' });
  const { id: approval } = await client.waiting(id);
  const answers = await Promise.all([
    client.decide(0, approval, { decision: 'approve' }),
    client.decide(1, approval, { decision: 'reject', comment: 'No sources.' }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  const counted = answers[0].status === 200 ? 'approved' : 'rejected';
  for (const api of [0, 1])
    expect((await cluster.request(api, 'GET', `/v1/approvals/${approval}`)).body).toMatchObject({
      status: counted,
    });
  expect((await client.ended(id)).status).toBe(counted === 'approved' ? 'completed' : 'rejected');
}, 60_000);
