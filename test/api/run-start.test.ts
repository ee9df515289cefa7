import type { StartArgument } from '../../src/contract/workflow';
import { defaultPayloadConverter } from '@temporalio/common';
import { bearer, smallPlan, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

async function start(payload: object) {
  const response = await api.app.inject({ method: 'POST', url: '/v1/runs', headers: bearer(key), payload });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.json<{ id: string; budget: object }>(),
  };
}
const topic = { topic: 'heat pumps' };

describe('POST /v1/runs', () => {
  it('answers with the run as it stands, queued', async () => {
    const { status, headers, body } = await start({
      plan: writerPlan,
      input: topic,
      options: { labels: { team: 'a' }, priority: 1 },
    });
    expect(status).toBe(201);
    expect(headers.location).toBe(`/v1/runs/${body.id}`);
    expect(body).toMatchObject({
      plan: { name: 'writer', version: '1.0.0' },
      status: 'queued',
      input: topic,
      labels: { team: 'a' },
      priority: 1,
      simulated: true,
      result: null,
      usage: { modelCalls: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costUsd: 0 },
      budget: {
        costUsd: { limit: 0.5, used: 0, reserved: 0, left: 0.5 },
        tokens: { limit: 100_000, left: 100_000 },
        modelCalls: { limit: 10 },
        seconds: { limit: 86_400 },
      },
      current: [],
      approvals: [],
      links: {
        self: `/v1/runs/${body.id}`,
        events: `/v1/runs/${body.id}/events`,
        temporal: expect.stringContaining(
          `http://127.0.0.1:8233/namespaces/default/workflows/${body.id}`,
        ) as string,
      },
    });
  });

  it('starts a workflow of the root pattern, under the id of the run, without a time limit of its own', async () => {
    const { body } = await start({ plan: writerPlan, input: topic });
    const handle = api.service.temporal.client.workflow.getHandle(body.id);
    const description = await handle.describe();
    expect(description).toMatchObject({ type: 'sequence', taskQueue: api.taskQueue, workflowId: body.id });
    const { events } = await handle.fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    expect(Number(started?.workflowExecutionTimeout?.seconds ?? 0)).toBe(0);
    const [payload] = started?.input?.payloads ?? [];
    const argument = defaultPayloadConverter.fromPayload<StartArgument>(payload ?? {});
    expect(argument).toMatchObject({
      tenant: 'default',
      run: body.id,
      input: { inline: topic },
      skeleton: { flow: { type: 'sequence' } },
    });
    expect(JSON.stringify(argument)).not.toContain('Write about');
  });

  it('leaves search attributes out where the server lacks them, and says so to the workflow', async () => {
    const { body } = await start({ plan: smallPlan, options: { labels: { team: 'a' } } });
    const handle = api.service.temporal.client.workflow.getHandle(body.id);
    const { events } = await handle.fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    const argument = defaultPayloadConverter.fromPayload<StartArgument>(started?.input?.payloads?.[0] ?? {});
    const known = Object.keys(started?.searchAttributes?.indexedFields ?? {}).includes('FermataTenant');
    expect(argument.searchAttributes).toBe(known);
  });

  it('holds a run to lower limits, and refuses higher ones by their path', async () => {
    const lower = { costUsd: 0.1, tokens: 500, modelCalls: 2, timeout: '5m' };
    const { body } = await start({ plan: writerPlan, input: topic, options: { limits: lower } });
    expect(body.budget).toMatchObject({
      costUsd: { limit: 0.1 },
      tokens: { limit: 500 },
      modelCalls: { limit: 2 },
      seconds: { limit: 300 },
    });
    const higher = { costUsd: 5, tokens: 1_000_000, modelCalls: 100, timeout: '2d' };
    const refused = await start({ plan: writerPlan, input: topic, options: { limits: higher } });
    expect(refused.body).toMatchObject({
      status: 422,
      code: 'limit_exceeded',
      errors: ['costUsd', 'tokens', 'modelCalls', 'timeout'].map((name) => ({
        path: `/options/limits/${name}`,
      })),
    });
  });

  it('has one digest for a plan, whoever starts it and under whatever limits', async () => {
    const digests = await Promise.all(
      [{}, { limits: { costUsd: 0.1 } }].map(async (options) => {
        const { body } = await start({ plan: writerPlan, input: topic, options });
        return (body as unknown as { plan: { digest: string } }).plan.digest;
      }),
    );
    expect(new Set(digests).size).toBe(1);
  });

  it('carries a large plan and a large input by reference', async () => {
    const steps = Array.from({ length: 990 }, (_, n) => ({
      id: `step-${String(n)}-${'x'.repeat(50)}`,
      type: 'set',
      when: 'input.large == true',
      value: `{{ input.text }}${'x'.repeat(20)}`,
    }));
    const plan = { name: 'large', version: '1.0.0', flow: { type: 'sequence', steps } };
    const { status, body } = await start({ plan, input: { large: false, text: 'x'.repeat(100_000) } });
    expect(status).toBe(201);
    const { events } = await api.service.temporal.client.workflow.getHandle(body.id).fetchHistory();
    const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const argument = defaultPayloadConverter.fromPayload<StartArgument>(payload ?? {});
    expect(Object.keys(argument.skeleton)).toEqual(['ref']);
    expect(Object.keys(argument.input)).toContain('ref');
  });

  it('runs the highest release of a stored plan by its bare name, and any version by its own', async () => {
    for (const version of ['1.2.0', '1.10.0', '1.3.0', '2.0.0-rc.1'])
      await api.app.inject({
        method: 'POST',
        url: '/v1/plans',
        headers: bearer(key),
        payload: { ...smallPlan, version },
      });
    for (const [plan, version] of [
      ['small', '1.10.0'],
      ['small@live', '1.10.0'],
      ['small@1.2.0', '1.2.0'],
      ['small@2.0.0-rc.1', '2.0.0-rc.1'],
    ])
      expect((await start({ plan })).body).toMatchObject({ plan: { name: 'small', version } });
  });

  it('is a 503, not a fault of the plan, while no gateway says what can be called', async () => {
    await api.ledger.database.query('DELETE FROM vendors');
    expect((await start({ plan: writerPlan, input: topic })).body).toMatchObject({
      status: 503,
      code: 'not_ready',
    });
    expect((await start({ plan: smallPlan })).status).toBe(201);
  });
});
