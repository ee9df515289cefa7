import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readConfig } from '../../src/config';
import type { Run } from '../../src/contract/api';
import type { Approval, ApprovalListItem } from '../../src/contract/approvals-api';
import type { JournalEntry } from '../../src/contract/journal';
import type { Problem } from '../../src/contract/problems';
import { writeEntries } from '../../src/ledger/journal';
import { startTelemetry } from '../../src/telemetry/telemetry';
import { eventually } from '../support/eventually';
import { projectFolder, startPart, type Part } from '../support/part';
import { bearer, internalKey, testApi, type TestApi } from './api';

let api: TestApi;
let worker: Part;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
  worker = await startPart('worker/main', {
    env: {
      TEMPORAL_ADDRESS: api.temporalAddress,
      DATABASE_URL: api.ledger.url,
      GATEWAY_URL: 'http://127.0.0.1:1',
      FERMATA_INTERNAL_KEY: internalKey,
      FERMATA_TASK_QUEUE: api.taskQueue,
    },
  });
}, 60_000);
afterAll(async () => {
  await worker.stop();
  await api.close();
});

const get = (url: string, secret = key) => api.app.inject({ url, headers: bearer(secret) });
function decide(
  id: string,
  payload: object,
  { secret = key, headers = {} }: { secret?: string; headers?: object } = {},
) {
  return api.app.inject({
    method: 'POST',
    url: `/v1/approvals/${id}`,
    headers: { ...bearer(secret), ...headers },
    payload,
  });
}

/** Starts a run that asks for approval of its input, and waits until it asks. */
async function asking(step: object = {}): Promise<{ run: string; approval: string }> {
  const plan = {
    name: 'asking',
    version: '1.0.0',
    flow: {
      type: 'sequence',
      steps: [
        { id: 'ask', type: 'approval', title: 'May {{ input.what }}?', content: '{{ input.what }}', ...step },
      ],
    },
  };
  const started = await api.app.inject({
    method: 'POST',
    url: '/v1/runs',
    headers: bearer(key),
    payload: { plan, input: { what: 'this go on' } },
  });
  const { id: run } = started.json<{ id: string }>();
  const approval = await eventually('it asks', async () => {
    const { items } = (await get(`/v1/approvals?runId=${run}&status=pending`)).json<{
      items: ApprovalListItem[];
    }>();
    return items[0]?.id;
  });
  return { run, approval };
}

async function ended(run: string): Promise<Run> {
  return await eventually('the run ends', async () => {
    const found = (await get(`/v1/runs/${run}`)).json<Run>();
    return found.result === null ? undefined : found;
  });
}

describe('an approval', () => {
  it('shows what is asked, of whom it is known from the run too', async () => {
    const { run, approval } = await asking({ schema: { type: 'string', minLength: 3 } });
    const shown = (await get(`/v1/approvals/${approval}`)).json<Approval>();
    expect(shown).toMatchObject({
      id: approval,
      kind: 'approval',
      runId: run,
      step: 'ask',
      title: 'May this go on?',
      risk: 'high',
      status: 'pending',
      allow: ['approve', 'edit', 'reject'],
      decisions: [],
      content: 'this go on',
      schema: { type: 'string', minLength: 3 },
      run: { plan: { name: 'asking', version: '1.0.0' } },
    });
    expect((await get(`/v1/runs/${run}`)).json<Run>()).toMatchObject({
      status: 'waiting',
      current: ['ask'],
      approvals: [approval],
    });
    const inbox = (await get('/v1/approvals?assignee=me')).json<{ items: ApprovalListItem[] }>();
    expect(inbox.items.map(({ id }) => id)).toContain(approval);
    const reader = await api.key({ scopes: ['runs:read'] });
    expect((await get('/v1/approvals?assignee=me', reader)).json()).toEqual({ items: [], nextCursor: null });
  });

  it('lets the run go on with the very text of an edit, and names who decided', async () => {
    const { run, approval } = await asking();
    const text = 'My own words: ünïcode, "quotes", {{ not a template }}\n\u0000 end';
    const answer = await decide(approval, { decision: 'edit', content: text, comment: 'better so' });
    expect(answer.json()).toMatchObject({
      status: 'edited',
      content: 'this go on',
      decidedContent: text,
      decisions: [{ by: 'ada', decision: 'edit', comment: 'better so', via: 'api' }],
    });
    expect(answer.statusCode).toBe(200);
    const { status, result } = await ended(run);
    expect([status, result?.output]).toEqual(['completed', text]);
    expect(result?.decisions).toMatchObject([{ kind: 'approval', by: 'ada', step: 'ask' }]);
  });

  it('can be decided where the ledger has a decision of a workflow task that was not kept', async () => {
    const { run, approval } = await asking();
    const { rows } = await api.ledger.database.query<{ temporalRun: string; n: number }>(
      `SELECT r.temporal_run AS "temporalRun", max(e.entry) + 1 AS n
       FROM runs r JOIN run_events e ON e.run = r.id WHERE r.id = $1 GROUP BY r.temporal_run`,
      [run],
    );
    const { temporalRun, n } = rows[0] ?? { temporalRun: '', n: 0 };
    const data = { approval, status: 'rejected', decision: 'reject', by: 'eve', comment: null } as const;
    const entry: JournalEntry = {
      ...{ n, at: new Date().toISOString(), step: 'ask' },
      ...{ type: 'approval.decided', data: { ...data, via: 'api', content: null } },
    };
    await writeEntries(api.ledger.database, {
      tenant: 'default',
      run,
      journal: { temporalRun, entries: [entry] },
    });
    expect((await get(`/v1/approvals/${approval}`)).json()).toMatchObject({ status: 'rejected' });

    const answer = await decide(approval, { decision: 'approve' });
    expect(answer.json()).toMatchObject({
      status: 'approved',
      decisions: [{ by: 'ada', decision: 'approve' }],
    });
    expect(await ended(run)).toMatchObject({ status: 'completed', result: { decisions: [{ by: 'ada' }] } });
  });

  it('ends the run when it is rejected', async () => {
    const { run, approval } = await asking();
    expect((await decide(approval, { decision: 'reject' })).json()).toMatchObject({ status: 'rejected' });
    expect((await ended(run)).status).toBe('rejected');
  });

  it('takes one of 50 decisions that come at once and tells the others who won', async () => {
    const { run, approval } = await asking();
    const keys = await Promise.all(
      Array.from({ length: 50 }, (_, n) => api.key({ user: `user-${String(n)}` })),
    );
    const answers = await Promise.all(
      keys.map((secret, n) =>
        decide(
          approval,
          n % 2 === 0 ? { decision: 'approve' } : { decision: 'edit', content: `by ${String(n)}` },
          { secret },
        ),
      ),
    );
    const won = answers.filter(({ statusCode }) => statusCode === 200);
    const lost = answers.filter(({ statusCode }) => statusCode === 409);
    expect([won.length, lost.length]).toEqual([1, 49]);
    const [winner] = won[0]?.json<Approval>().decisions ?? [];
    for (const answer of lost)
      expect(answer.json()).toMatchObject({
        code: 'approval_already_decided',
        decision: { by: winner?.by, decision: winner?.decision, at: winner?.at },
        approval: { id: approval },
      });
    expect((await ended(run)).status).toBe('completed');
    expect((await get(`/v1/approvals/${approval}`)).json<Approval>().decisions).toHaveLength(1);
  }, 60_000);

  it('gives the same request its first answer again, and another the winner', async () => {
    const { run, approval } = await asking();
    const headers = { 'idempotency-key': 'my-decision' };
    const first = await decide(approval, { decision: 'approve' }, { headers });
    await ended(run);
    expect((await decide(approval, { decision: 'approve' }, { headers })).body).toBe(first.body);
    // As if the answer had been lost before it was kept: Temporal still knows it.
    await api.ledger.database.query('DELETE FROM idempotency');
    const again = await decide(approval, { decision: 'approve' }, { headers });
    expect(again.json()).toMatchObject({ status: 'approved', decisions: [{ by: 'ada' }] });
    expect((await decide(approval, { decision: 'reject' })).json()).toMatchObject({
      status: 409,
      code: 'approval_already_decided',
      decision: { by: 'ada', decision: 'approve' },
    });
  });

  it('refuses what can not be decided so, and stays open', async () => {
    const { approval } = await asking({
      schema: { type: 'string', minLength: 3 },
      allow: ['approve', 'edit'],
    });
    for (const [body, code, path] of [
      [{ decision: 'reject' }, 'validation_failed', '/decision'],
      [{ decision: 'perhaps' }, 'validation_failed', '/decision'],
      [{ decision: 'edit' }, 'validation_failed', '/content'],
      [{ decision: 'edit', content: 'ab' }, 'validation_failed', '/content'],
      [{ decision: 'edit', content: 7 }, 'validation_failed', '/content'],
      [{ decision: 'approve', content: 'abc' }, 'validation_failed', '/content'],
      [{ decision: 'approve', by: 'somebody else' }, 'unknown_field', '/by'],
    ] as const) {
      const answer = await decide(approval, body);
      expect(answer.json<Problem>()).toMatchObject({ status: 422, code, errors: [{ path }] });
    }
    const clean = await decide(approval, { decision: 'approve', comment: 'a\0b' });
    expect(clean.json()).toMatchObject({ status: 400, code: 'invalid_unicode' });
    const changed = await decide(approval, { decision: 'approve', digest: 'of something else' });
    expect(changed.json()).toMatchObject({
      status: 409,
      code: 'action_changed',
      approval: { id: approval, status: 'pending' },
    });
    const { digest } = (await get(`/v1/approvals/${approval}`)).json<Approval>();
    expect((await decide(approval, { decision: 'approve', digest })).statusCode).toBe(200);
  });

  it('is gone when its time is over', async () => {
    const { run, approval } = await asking({ timeout: '100ms' });
    expect((await ended(run)).result?.error).toMatchObject({ code: 'approval_expired' });
    expect((await decide(approval, { decision: 'approve' })).json()).toMatchObject({
      status: 410,
      code: 'approval_expired',
    });
  });

  it('closes with its run', async () => {
    const { run, approval } = await asking();
    const cancelled = await api.app.inject({
      method: 'POST',
      url: `/v1/runs/${run}/cancel`,
      headers: bearer(key),
      payload: { reason: 'no longer needed' },
    });
    expect(cancelled.statusCode).toBe(202);
    expect((await ended(run)).status).toBe('cancelled');
    expect((await decide(approval, { decision: 'approve' })).json()).toMatchObject({
      status: 409,
      code: 'run_already_closed',
    });
    const again = await api.app.inject({
      method: 'POST',
      url: `/v1/runs/${run}/cancel`,
      headers: bearer(key),
    });
    expect(again.json()).toMatchObject({ status: 409, code: 'run_already_closed' });
  });
});

describe('a decision while no worker answers', () => {
  it('is a 503 after 10 s, and nothing is counted', async () => {
    const idle = await testApi({ ledger: api.ledger });
    const started = await idle.app.inject({
      method: 'POST',
      url: '/v1/runs',
      headers: bearer(key),
      payload: { plan: { name: 'idle', flow: { type: 'approval', title: 'Yes?', content: 'x' } } },
    });
    const { id } = started.json<{ id: string }>();
    await api.ledger.database.query(
      `INSERT INTO approvals (tenant, id, run, workflow_id, kind, path, title, risk, digest, allow, content_json, requested_at)
       VALUES ('default', 'apr_idle', $1, $1, 'approval', 'root', 'Yes?', 'high', 'd', '{approve}', '{"inline":"x"}', now())`,
      [id],
    );
    const answer = await decide('apr_idle', { decision: 'approve' });
    expect(answer.json()).toMatchObject({ status: 503, code: 'temporal_unavailable', retryable: true });
    expect(answer.headers['retry-after']).toBeDefined();
    expect((await get('/v1/approvals/apr_idle')).json<Approval>()).toMatchObject({
      status: 'pending',
      decisions: [],
    });
    await idle.service.temporal.client.workflow.getHandle(id).terminate();
    await idle.close();
  });
});

describe('GET /v1/runs/{id}/history', () => {
  it('is what a replay reads', async () => {
    const { run, approval } = await asking();
    await decide(approval, { decision: 'approve' });
    await ended(run);
    const history = (await get(`/v1/runs/${run}/history`)).json<{ events: { eventType: string }[] }>();
    expect(history.events[0]?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED');
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const telemetry = startTelemetry('test', readConfig({}));
    await Worker.runReplayHistory(
      {
        workflowBundle: { codePath: path.join(projectFolder, 'dist', 'workflow-bundle.js') },
        plugins: [telemetry.plugin],
      },
      history,
    );
    await telemetry.shutdown();
  });
});

describe('GET /readyz', () => {
  it('names the part that is missing', async () => {
    const answer = await api.app.inject({ url: '/readyz' });
    expect(answer.json()).toMatchObject({
      status: 503,
      code: 'not_ready',
      parts: { temporal: { ok: true }, database: { ok: true }, worker: { ok: true }, gateway: { ok: false } },
    });
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect((await api.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' });
  });
});

describe('GET /metrics', () => {
  it('shows what the ledger counts', async () => {
    const { body } = await get('/metrics');
    expect(body).toMatch(/^fermata_runs\{status="completed"\} \d+$/m);
    expect(body).toMatch(/^fermata_approvals_pending \d+$/m);
  });
});
