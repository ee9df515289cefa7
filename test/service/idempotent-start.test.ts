import { runEnds } from '../../src/contract/workflow';
import type { Run } from '../../src/contract/api';
import { openCluster, type Cluster, type Member } from '../support/cluster';
import { testDatabase, type TestDatabase } from '../support/database';
import { eventually } from '../support/eventually';
import { startDeafProxy, type DeafProxy } from './support/deaf-proxy';
import { ask, planOf } from './support/house';

const kills = Number(process.env['TEST_API_KILLS'] ?? 6);
const moments = ['row', 'sent', 'answered'] as const;

let ledger: TestDatabase;
let cluster: Cluster;
let api: Member;
let proxy: DeafProxy;

beforeAll(async () => {
  ledger = await testDatabase();
  cluster = await openCluster({ apis: 1, workers: 1, gateways: 1, databaseUrl: ledger.url });
  api = cluster.member('api-1');
  proxy = await startDeafProxy(api.url ?? '');
}, 120_000);
afterAll(async () => {
  proxy.close();
  await cluster.close();
  await ledger.close();
}, 60_000);

const plan = planOf({ type: 'sequence', steps: [{ id: 'text', ...ask('Text of {{ input.name }}.') }] });
const bodyOf = (name: string) => ({ plan, input: { name }, options: { labels: { test: name } } });
const keyed = (name: string) => ({ 'idempotency-key': `start ${name}` });

async function runsOf(name: string): Promise<string[]> {
  const { rows } = await ledger.database.query<{ id: string }>(
    `SELECT id FROM runs WHERE labels @> jsonb_build_object('test', $1::text)`,
    [name],
  );
  return rows.map(({ id }) => id);
}

/** Sends a start whose answer never arrives, and kills the API: when the run is in the ledger, when the request has left, or when the answer begins. */
async function startAndKill(name: string, moment: (typeof moments)[number]): Promise<void> {
  const [sent, answered] = [proxy.sent(), proxy.answered()];
  const request = fetch(`${proxy.url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cluster.key}`, 'content-type': 'application/json', ...keyed(name) },
    body: JSON.stringify(bodyOf(name)),
  }).then(
    () => 'answered',
    () => 'cut off',
  );
  const reached = {
    row: async () => (await runsOf(name)).length > 0,
    sent: () => proxy.sent() > sent,
    answered: () => proxy.answered() > answered,
  };
  await eventually(`the moment to kill: ${moment}`, async () => (await reached[moment]()) || undefined);
  await api.kill();
  expect(await request).toBe('cut off');
  await api.restart();
}

/** Repeats a start until it is answered, as a client does that was told to try again later. */
async function repeat(name: string): Promise<Run> {
  return await eventually(
    `the start of ${name} is answered`,
    async () => {
      const answer = await cluster.request(0, 'POST', '/v1/runs', bodyOf(name), keyed(name));
      if (answer.status === 201) return answer.body as Run;
      expect(answer.body).toMatchObject({ code: 'idempotency_in_progress', retryable: true });
      return undefined;
    },
    40_000,
  );
}

test(
  `an API that is killed between accepting a start and answering it, ${kills} times: one run each after the repeat, which runs once`,
  async () => {
    const names = Array.from({ length: kills }, (_, index) => `start-${index}`);
    for (const [index, name] of names.entries())
      await startAndKill(name, moments[index % moments.length] ?? 'row');
    for (const name of names) {
      const { id } = await repeat(name);
      expect((await repeat(name)).id).toBe(id);
      expect(await runsOf(name)).toEqual([id]);
      const end = await eventually(
        `the run of ${name} ends`,
        async () => {
          const run = (await cluster.request(0, 'GET', `/v1/runs/${id}`)).body as Run;
          return (runEnds as readonly string[]).includes(run.status) ? run : undefined;
        },
        40_000,
      );
      expect(end).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } });
    }
    const asked = (await cluster.vendor.ledger()).map(
      ({ messages }) => /Text of ([\w-]+)\./.exec(messages[0]?.text ?? '')?.[1],
    );
    expect(asked.sort()).toEqual([...names].sort());
  },
  60_000 + kills * 20_000,
);
