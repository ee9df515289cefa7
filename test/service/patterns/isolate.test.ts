import type { Approval } from '../../../src/contract/approvals-api';
import { eventually } from '../../support/eventually';
import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { readEvents } from '../support/play';
import { useTemporal } from '../support/temporal';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

const start = (flow: unknown, rest: object = {}) => house.start(planOf(flow, rest), { who: 'Ada' });

async function resetToStart(id: string): Promise<void> {
  const [first] = await chainOf(temporal, id);
  const temporalRun = first?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
  const [point = 0] = await temporal.resetPoints(id, temporalRun);
  await temporal.reset(id, point, { temporalRun });
}

test('a child workflow with a history of its own carries out the step, and the run tells all of it', async () => {
  await house.vendor.script({ match: 'First. i1', then: { type: 'answer', text: 'one' } });
  await house.vendor.script({ match: 'Second. i1', then: { type: 'answer', text: 'two' } });
  const id = await start({
    type: 'sequence',
    steps: [
      { type: 'set', id: 'facts', value: 'known' },
      {
        ...{ type: 'sequence', id: 'inner', isolate: true, limits: { modelCalls: 3 } },
        steps: [
          ask('First. i1', { id: 'first' }),
          {
            type: 'approval',
            id: 'gate',
            title: 'Go on, {{ input.who }}?',
            content: '{{ steps.facts.output }}',
          },
          ask('Second. i1 after {{ steps.first.output }}', { id: 'second' }),
        ],
      },
      { type: 'set', value: '{{ previous }} of {{ steps.facts.output }}, {{ steps.first.output }}' },
    ],
  });
  const { approval } = await house.waiting(id);
  expect(approval).toMatchObject({ step: 'inner.gate', title: 'Go on, Ada?', content: 'known' });
  await eventually('the run waits for a person', async () => {
    const { status, statusReason } = await house.run(id);
    return status === 'waiting' && statusReason === 'approval' ? true : undefined;
  });
  await house.decide(approval.id, { decision: 'approve' });
  const run = await house.ended(id);
  expect(run).toMatchObject({
    ...{
      status: 'completed',
      usage: { modelCalls: 2 },
      result: { output: 'two of known, one', incomplete: [] },
    },
    result: { decisions: [{ step: 'inner.gate', by: 'admin' }] },
  });
  expect(await house.asked('Second. i1 after one')).toHaveLength(1);
  for (const path of ['inner', 'inner.first', 'inner.gate', 'inner.second'])
    expect(await house.step(id, path)).toMatchObject({ status: 'completed' });
  const events = await readEvents(house, id);
  expect(events['inner.second']).toEqual([
    'step.started',
    'call.started',
    'call.finished done',
    'step.finished completed decision',
  ]);
  expect((await chainOf(temporal, `${id}/inner`)).length).toBeGreaterThan(1);
  expect(JSON.stringify(await chainOf(temporal, id))).not.toContain('Second. i1');
}, 60_000);

test.each([
  ['approval', { content: 'the text' }, { decision: 'approve' }, 'the text'],
  ['question', { answer: { type: 'string' } }, { decision: 'answer', content: 'yes' }, 'yes'],
])(
  'an isolated %s asks in its child, in its own time',
  async (type, rest, decision, output) => {
    const id = await start({ type, title: 'Good?', timeout: '3h', ...rest, isolate: true });
    const { approval } = await house.waiting(id);
    expect(Date.parse(approval.dueAt ?? '') - Date.parse(approval.requestedAt)).toBe(3 * 3_600_000);
    await house.decide(approval.id, decision);
    expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output } });
  },
  60_000,
);

test('its failure, its end by time and its spent budget are those of the step', async () => {
  await house.vendor.script({ match: 'Refuse. i2', then: { type: 'error', status: 400 } });
  await house.vendor.script({ match: 'Hang. i2', then: { type: 'hang' } });
  const isolated = (prompt: string, rest: object) => ({
    ...{ type: 'sequence', isolate: true, steps: [{ type: 'set', value: 'made' }, ask(prompt)] },
    ...rest,
  });
  const id = await start({
    type: 'parallel',
    onLate: 'partial',
    branches: {
      fails: isolated('Refuse. i2', { onFailure: { value: '{{ error.code }}' } }),
      hangs: isolated('Hang. i2', { timeout: '1s', onFailure: { value: '{{ error.code }}' } }),
      spent: isolated('Never asked. i2', { limits: { modelCalls: 1, tokens: 1 } }),
    },
  });
  const run = await house.ended(id);
  expect(run.result?.output).toEqual({ fails: 'vendor_error', hangs: 'step_timeout', spent: 'made' });
  expect(await house.asked('Never asked. i2')).toEqual([]);
}, 60_000);

test('a cancelled run ends its children', async () => {
  const id = await start({ type: 'sequence', isolate: true, steps: [{ type: 'question', title: 'i3?' }] });
  const { approval } = await house.waiting(id);
  await house.service.request('POST', `/v1/runs/${id}/cancel`, { reason: 'enough' });
  expect(await house.ended(id)).toMatchObject({ status: 'cancelled' });
  const { body } = await house.service.request('GET', `/v1/approvals/${approval.id}`);
  expect(body).toMatchObject({ status: 'cancelled' });
  expect(await temporal.newest(`${id}/root`)).toMatchObject({ status: 'CANCELLED' });
}, 60_000);

test('a child that is terminated in Temporal fails its step, and a terminated run leaves no child', async () => {
  const question = { type: 'sequence', isolate: true, steps: [{ type: 'question', title: 'i4?' }] };
  const first = await start({ ...question, onFailure: { value: '{{ error.code }}' } });
  await house.waiting(first);
  await temporal.client.workflow.getHandle(`${first}/root`).terminate('by mistake');
  expect((await house.ended(first)).result?.output).toBe('workflow_failed');

  // Some tell of steps of their own, and some have none.
  await house.vendor.script({ match: 'Hang. i4', then: { type: 'hang' } });
  const branches = {
    question,
    call: ask('Hang. i4', { isolate: true }),
    nested: { type: 'sequence', isolate: true, steps: [{ type: 'wait', event: 'never.i4', isolate: true }] },
  };
  const second = await start({ type: 'parallel', branches });
  await house.waiting(second);
  const children = ['question', 'call', 'nested', 'nested.steps.0'].map((path) => `${second}/${path}`);
  const statuses = async () =>
    Promise.all(children.map(async (child) => (await temporal.newest(child)).status));
  await eventually('all children are there', async () =>
    (await statuses().catch(() => ['unknown'])).every((status) => status === 'RUNNING') &&
    (await house.asked('Hang. i4')).length > 0
      ? true
      : undefined,
  );
  await temporal.client.workflow.getHandle(second).terminate('enough');
  expect(await house.ended(second)).toMatchObject({ status: 'failed' });
  await eventually('its children are ended, too', async () =>
    (await statuses()).includes('RUNNING') ? undefined : true,
  );
}, 60_000);

test('after a reset of the run its children are carried out again, and nothing is paid twice', async () => {
  const inner = { type: 'sequence', id: 'inner', isolate: true, steps: [ask('Once. i5'), ask('Twice. i5')] };
  const id = await start({ type: 'sequence', steps: [inner, { type: 'set', value: '{{ previous }}!' }] });
  const before = await house.ended(id);
  await resetToStart(id);
  const after = await eventually('the run ends again', async () => {
    const run = await house.run(id);
    return run.finishedAt !== null && run.finishedAt !== before.finishedAt ? run : undefined;
  });
  expect(after).toMatchObject({ status: 'completed', result: { output: before.result?.output } });
  expect(await house.asked('. i5')).toHaveLength(2);
  expect(await house.steps(id)).toMatchObject([{ children: [{ children: [{}, {}] }, {}] }]);
}, 90_000);

test('after a reset while a child waits for a person it asks again, and all of its steps and calls can be read', async () => {
  const steps = [ask('Once. i6'), { type: 'question', title: 'i6?' }, ask('Twice. i6')];
  const inner = { type: 'sequence', id: 'inner', isolate: true, steps };
  const id = await start({ type: 'sequence', steps: [inner, { type: 'set', value: 'done' }] });
  const { approval: before } = await house.waiting(id);
  await resetToStart(id);
  const approval = await eventually('it asks again, and waits', async () => {
    const { status, approvals } = await house.run(id);
    const [now] = approvals;
    if (status !== 'waiting' || now === undefined) return undefined;
    const answer = await house.service.request('GET', `/v1/approvals/${now}`);
    return (answer.body as Approval).requestedAt === before.requestedAt ? undefined : now;
  });
  expect(await house.decide(approval, { decision: 'answer', content: 'yes' })).toMatchObject({ status: 200 });
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed', result: { output: 'done' }, usage: { modelCalls: 2 } });
  expect(await house.asked('. i6')).toHaveLength(2);
  const [root] = await house.steps(id);
  expect(root).toMatchObject({ children: [{ children: [{}, {}, {}] }, {}] });
  const costs = (root?.children[0]?.children ?? []).map(({ usage }) => usage.costUsd);
  expect(costs[0]).toBeGreaterThan(0);
  expect(costs[2]).toBeGreaterThan(0);
}, 90_000);
