import { eventually } from '../support/eventually';
import { startReconciler } from '../../src/api/reconciler/reconciler';
import { bearer, smallPlan, testApi, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

function post(url: string, payload: object, idempotencyKey: string, secret = key) {
  return api.app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(secret), 'idempotency-key': idempotencyKey },
    payload,
  });
}

async function countRuns(label: string): Promise<number> {
  const { rows } = await api.ledger.database.query<{ count: number }>(
    `SELECT count(*) AS count FROM runs WHERE labels @> jsonb_build_object('test', $1::text)`,
    [label],
  );
  return rows[0]?.count ?? 0;
}
const labelled = (test: string): object => ({ plan: smallPlan, options: { labels: { test } } });

describe('a start with an idempotency key', () => {
  it('starts one run for 50 requests at once and 50 later ones, and gives all the same answer', async () => {
    const first = await Promise.all(
      Array.from({ length: 50 }, () => post('/v1/runs', labelled('many'), 'many')),
    );
    const started = first.filter(({ statusCode }) => statusCode === 201);
    const waiting = first.filter(({ statusCode }) => statusCode === 409);
    expect(started.length + waiting.length).toBe(50);
    for (const answer of waiting) {
      expect(answer.json()).toMatchObject({ code: 'idempotency_in_progress', retryable: true });
      expect(answer.headers['retry-after']).toBeDefined();
    }
    const later = await Promise.all(
      Array.from({ length: 50 }, () => post('/v1/runs', labelled('many'), 'many')),
    );
    expect(new Set(later.map(({ statusCode }) => statusCode))).toEqual(new Set([201]));
    expect(new Set(later.map(({ headers }) => headers['idempotent-replayed']))).toEqual(new Set(['true']));
    expect(new Set([...started, ...later].map(({ body }) => body)).size).toBe(1);
    expect(await countRuns('many')).toBe(1);
  });

  it('takes the same body in another order, and refuses another body', async () => {
    const answer = await post(
      '/v1/runs',
      { plan: smallPlan, options: { labels: { test: 'order' }, priority: 1 } },
      'order',
    );
    const same = await post(
      '/v1/runs',
      { options: { priority: 1, labels: { test: 'order' } }, plan: smallPlan },
      'order',
    );
    expect(same.body).toBe(answer.body);
    const other = await post(
      '/v1/runs',
      { plan: smallPlan, options: { labels: { test: 'order' }, priority: 2 } },
      'order',
    );
    expect(other.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect(await countRuns('order')).toBe(1);
  });

  it('belongs to the caller: the same key of another user is another request', async () => {
    const other = await api.key({ user: 'grace' });
    const [mine, theirs] = [
      await post('/v1/runs', labelled('two'), 'two'),
      await post('/v1/runs', labelled('two'), 'two', other),
    ];
    expect(theirs.json<{ id: string }>().id).not.toBe(mine.json<{ id: string }>().id);
  });

  it('keeps no refusal: what was mended is taken under the same key', async () => {
    expect((await post('/v1/runs', { plan: 'not-there-yet' }, 'mended')).statusCode).toBe(422);
    expect((await post('/v1/runs', labelled('mended'), 'mended')).statusCode).toBe(201);
  });

  it('goes on with the run of a request that was left unanswered for 10 s', async () => {
    const { id } = (await post('/v1/runs', labelled('left'), 'left')).json<{ id: string }>();
    const left = (seconds: number) =>
      api.ledger.database.query(
        `UPDATE idempotency SET status = NULL, answer = NULL, created_at = now() - make_interval(secs => $2) WHERE run = $1`,
        [id, seconds],
      );
    await left(5);
    expect((await post('/v1/runs', labelled('left'), 'left')).json()).toMatchObject({
      code: 'idempotency_in_progress',
    });
    await left(11);
    const answer = await post('/v1/runs', labelled('left'), 'left');
    expect(answer.statusCode).toBe(201);
    expect(answer.json<{ id: string }>().id).toBe(id);
    expect(await countRuns('left')).toBe(1);
  });

  it('is free again when it has expired', async () => {
    const { id } = (await post('/v1/runs', labelled('old'), 'old')).json<{ id: string }>();
    await api.ledger.database.query('UPDATE idempotency SET expires_at = now() WHERE run = $1', [id]);
    expect((await post('/v1/runs', { ...labelled('old'), input: 1 }, 'old')).statusCode).toBe(201);
    expect(await countRuns('old')).toBe(2);
  });

  it('is kept 90 days', async () => {
    const { id } = (await post('/v1/runs', labelled('kept'), 'kept')).json<{ id: string }>();
    const { rows } = await api.ledger.database.query<{ days: number }>(
      'SELECT round(extract(epoch FROM expires_at - now()) / 86400)::int AS days FROM idempotency WHERE run = $1',
      [id],
    );
    expect(rows[0]?.days).toBe(90);
  });
});

describe('another POST with an idempotency key', () => {
  it('does its work once and gives its first answer again', async () => {
    const plan = { ...smallPlan, name: 'kept-plan' };
    const [first, again] = [await post('/v1/plans', plan, 'plan'), await post('/v1/plans', plan, 'plan')];
    expect([first.statusCode, again.statusCode]).toEqual([201, 201]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toBe(first.body);
    expect((await post('/v1/plans', { ...plan, description: 'x' }, 'plan')).json()).toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('keeps the first answer of a cancel', async () => {
    const { id } = (await post('/v1/runs', labelled('cancel'), 'to-cancel')).json<{ id: string }>();
    const first = await post(`/v1/runs/${id}/cancel`, { reason: 'not needed' }, 'cancel');
    expect(first.statusCode).toBe(202);
    await api.ledger.database.query(
      `UPDATE runs SET status = 'cancelled', finished_at = now() WHERE id = $1`,
      [id],
    );
    expect((await post(`/v1/runs/${id}/cancel`, { reason: 'not needed' }, 'cancel')).body).toBe(first.body);
    expect((await post(`/v1/runs/${id}/cancel`, {}, 'another')).json()).toMatchObject({
      status: 409,
      code: 'run_already_closed',
    });
  });
});

describe('a start while Temporal is away', () => {
  it('is a 503, and the run is started once Temporal is back', async () => {
    const away = await testApi({ temporalAddress: '127.0.0.1:1', ledger: api.ledger });
    const headers = { ...bearer(key), 'idempotency-key': 'away' };
    const start = (on: TestApi) =>
      on.app.inject({ method: 'POST', url: '/v1/runs', headers, payload: labelled('away') });
    const answer = await start(away);
    expect(answer.json()).toMatchObject({ status: 503, code: 'temporal_unavailable', retryable: true });
    expect(answer.headers['retry-after']).toBeDefined();
    await away.close();

    const again = await start(api);
    expect(again.statusCode).toBe(201);
    expect(await countRuns('away')).toBe(1);
    const { id } = again.json<{ id: string }>();
    expect(answer.json()).toMatchObject({ run: id });
    await expect(api.service.temporal.client.workflow.getHandle(id).describe()).resolves.toMatchObject({
      type: 'set',
    });
  }, 60_000);

  it('needs nobody to ask again: what was accepted is started', async () => {
    const { id } = (await post('/v1/runs', labelled('alone'), 'alone')).json<{ id: string }>();
    const lost = `${id.slice(0, -4)}0000`;
    await api.ledger.database.query(
      `WITH copy AS (INSERT INTO runs (tenant, id, plan_name, plan_version, plan_digest, manifest, workflow_type, input_json, started_by)
         SELECT tenant, $2, plan_name, plan_version, plan_digest, manifest, workflow_type, input_json, started_by FROM runs WHERE id = $1)
       INSERT INTO budgets (tenant, run, id, limit_nano) VALUES ('default', $2, 'run', 1)`,
      [id, lost],
    );
    const pending = startReconciler(api.service, api.app.log, { startsOlderThanSeconds: 0, everyMs: 100 });
    await eventually('the run is started', async () => {
      const { rows } = await api.ledger.database.query(
        'SELECT FROM runs WHERE id = $1 AND NOT start_pending',
        [lost],
      );
      return rows.length === 1 || undefined;
    });
    await pending.stop();
    await expect(api.service.temporal.client.workflow.getHandle(lost).describe()).resolves.toMatchObject({
      type: 'set',
    });
  });
});
