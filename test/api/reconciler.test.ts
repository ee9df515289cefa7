import { temporal } from '@temporalio/proto';
import type { Run } from '../../src/contract/api';
import { startReconciler } from '../../src/api/reconciler/reconciler';
import { testDatabase, type TestDatabase } from '../support/database';
import { eventually } from '../support/eventually';
import { bearer, smallPlan, testApi, type TestApi } from './api';

// No worker is here: what runs becomes is what Temporal's own tools make of them.
let ledger: TestDatabase;
let api: TestApi;
let key: string;
beforeAll(async () => {
  ledger = await testDatabase();
  api = await testApi({ ledger });
  key = await api.key();
});
afterAll(async () => {
  await api.close();
  await ledger.close();
});

let reconciler: { stop(): Promise<void> } | undefined;
const reconcile = (options: Parameters<typeof startReconciler>[2] = {}): void => {
  reconciler = startReconciler(api.service, api.app.log, { everyMs: 100, ...options });
};
afterEach(async () => {
  await reconciler?.stop();
  reconciler = undefined;
});

const get = (target: string) => api.app.inject({ method: 'GET', url: target, headers: bearer(key) });
const read = async (id: string): Promise<Run> => (await get(`/v1/runs/${id}`)).json<Run>();
async function start(): Promise<string> {
  const answer = await api.app.inject({
    ...{ method: 'POST', url: '/v1/runs', headers: bearer(key) },
    payload: { plan: smallPlan },
  });
  return answer.json<Run>().id;
}
const workflow = (id: string) => api.service.temporal.client.workflow.getHandle(id);
const standing = (id: string, status: string) =>
  eventually(
    `the run is ${status}`,
    async () => {
      const run = await read(id);
      return run.status === status ? run : undefined;
    },
    40_000,
  );
async function remove(id: string): Promise<void> {
  const { client, namespace } = api.service.temporal;
  await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId: id } });
  // Temporal does that in its own time: what else it has to do for the run comes first.
  await eventually(
    'Temporal has deleted it',
    () =>
      workflow(id)
        .describe()
        .then(
          () => undefined,
          () => true as const,
        ),
    60_000,
  );
}

test('ends what was terminated while no reconciler was there', async () => {
  const id = await start();
  await workflow(id).terminate('wrong one');
  reconcile();
  expect(await standing(id, 'failed')).toMatchObject({
    result: { error: { code: 'terminated', message: expect.stringContaining('wrong one') as unknown } },
  });
});

test('ends what was terminated as cancelled where that was asked for before', async () => {
  const id = await start();
  await api.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel`, headers: bearer(key), payload: {} });
  await workflow(id).terminate('nobody closed it');
  reconcile();
  expect(await standing(id, 'cancelled')).toMatchObject({ result: { error: null } });
});

test('ends what ran into a time limit of Temporal', async () => {
  const id = await start();
  await workflow(id).terminate('makes place');
  const late = `${id.slice(0, -4)}LATE`;
  await copyRun(id, late);
  await api.service.temporal.client.workflow.start('set', {
    ...{ workflowId: late, taskQueue: api.taskQueue, args: [], workflowRunTimeout: '1s' },
  });
  await ledger.database.query('UPDATE runs SET start_pending = false WHERE id = $1', [late]);
  reconcile();
  expect(await standing(late, 'failed')).toMatchObject({ result: { error: { code: 'timed_out' } } });
});

/** A run that was accepted like another and not started. */
async function copyRun(id: string, copy: string): Promise<void> {
  await ledger.database.query(
    `WITH copy AS (INSERT INTO runs (tenant, id, plan_name, plan_version, plan_digest, manifest, workflow_type, input_json, started_by)
       SELECT tenant, $2, plan_name, plan_version, plan_digest, manifest, workflow_type, input_json, started_by FROM runs WHERE id = $1)
     INSERT INTO budgets (tenant, run, id, limit_nano) VALUES ('default', $2, 'run', 1)`,
    [id, copy],
  );
}

test('says of a workflow that failed what was at the bottom of it', async () => {
  const id = await start();
  const { client, namespace } = api.service.temporal;
  const { taskToken, workflowExecution } = await client.withDeadline(Date.now() + 20_000, () =>
    client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: api.taskQueue } }),
  );
  expect(workflowExecution?.workflowId).toBe(id);
  const failure = {
    message: 'Activity task failed',
    activityFailureInfo: { activityType: { name: 'closeRun' } },
    cause: { message: 'the disk is full', applicationFailureInfo: {} },
  };
  const failWorkflow = temporal.api.enums.v1.CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION;
  await client.workflowService.respondWorkflowTaskCompleted({
    ...{ namespace, taskToken },
    commands: [{ commandType: failWorkflow, failWorkflowExecutionCommandAttributes: { failure } }],
  });
  reconcile();
  expect(await standing(id, 'failed')).toMatchObject({
    result: { error: { code: 'workflow_failed', message: 'The workflow failed: the disk is full' } },
  });
});

test('gives an open run up when Temporal has not known it for a while, and leaves a closed one as it is', async () => {
  const [open, closed] = [await start(), await start()];
  await ledger.database.query(
    `UPDATE runs SET status = 'completed', finished_at = now(), output_json = '{"inline":"done"}' WHERE id = $1`,
    [closed],
  );
  const before = await read(closed);
  await Promise.all([remove(open), remove(closed)]);
  await ledger.database.query(`UPDATE runs SET created_at = now() - interval '1 minute' WHERE id = $1`, [
    open,
  ]);
  reconcile();
  await eventually('it is missed', async () => {
    const { rows } = await ledger.database.query(
      'SELECT FROM runs WHERE id = $1 AND missing_since IS NOT NULL',
      [open],
    );
    return rows.length === 1 || undefined;
  });
  expect((await read(open)).status).toBe('queued');
  await ledger.database.query(
    `UPDATE runs SET checked_at = NULL, missing_since = now() - interval '2 minutes' WHERE id = $1`,
    [open],
  );
  expect(await standing(open, 'failed')).toMatchObject({ result: { error: { code: 'workflow_lost' } } });
  expect(await read(closed)).toEqual(before);
});

test('says of a run that no worker takes that it is stalled, and why', async () => {
  const id = await start();
  await ledger.database.query(`UPDATE runs SET created_at = now() - interval '1 minute' WHERE id = $1`, [id]);
  reconcile();
  const run = await standing(id, 'stalled');
  expect(run.statusReason).toContain(`No worker takes the tasks of the queue ${api.taskQueue}`);
}, 60_000);

test('closes a cancelled run that no worker closes', async () => {
  const id = await start();
  const at = Date.now();
  await api.app.inject({ method: 'POST', url: `/v1/runs/${id}/cancel`, headers: bearer(key), payload: {} });
  reconcile();
  expect(await standing(id, 'cancelled')).toMatchObject({
    statusReason: 'Cancelled, and no worker has closed it in time.',
    result: { error: null },
  });
  expect(Date.now() - at).toBeLessThan(15_000);
  expect((await workflow(id).describe()).status.name).toBe('TERMINATED');
}, 60_000);

test('stores the history of what is over and shows it when Temporal has forgotten it', async () => {
  const id = await start();
  await workflow(id).terminate('over');
  reconcile();
  await standing(id, 'failed');
  const live = await get(`/v1/runs/${id}/history`);
  expect(live.statusCode).toBe(200);
  await eventually('the history is stored', async () => {
    const { rows } = await ledger.database.query<{ history: Buffer | null }>(
      'SELECT history FROM temporal_runs WHERE run = $1',
      [id],
    );
    return rows[0]?.history != null ? true : undefined;
  });
  await remove(id);
  const stored = await get(`/v1/runs/${id}/history`);
  expect(stored.json()).toEqual(live.json());
  const name = String(stored.headers['temporal-runs']);
  expect((await get(`/v1/runs/${id}/history?temporalRun=${name}`)).json()).toEqual(live.json());
  expect((await get(`/v1/runs/${id}/history?temporalRun=other`)).statusCode).toBe(404);
}, 120_000);

test('of two, one works at a time, and the other when that stops', async () => {
  const owner = async () =>
    (
      await ledger.database.query<{ owner: string }>(
        `SELECT owner FROM leases WHERE name = 'reconciler' AND until > now()`,
      )
    ).rows[0]?.owner;
  reconcile();
  const first = await eventually('one has the lease', owner);
  const second = startReconciler(api.service, api.app.log, { everyMs: 100 });
  try {
    const id = await start();
    await workflow(id).terminate('seen by the first');
    await standing(id, 'failed');
    expect(await owner()).toBe(first);
    await reconciler?.stop();
    await eventually(
      'the other takes over',
      async () => {
        const now = await owner();
        return now !== undefined && now !== first ? true : undefined;
      },
      2_000,
    );
    const other = await start();
    await workflow(other).terminate('seen by the second');
    await standing(other, 'failed');
  } finally {
    await second.stop();
  }
}, 60_000);
