import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse({ env: { TEMPORAL_UI_URL: 'http://temporal.test' } });
const temporal = useTemporal();

const plan = planOf({
  type: 'sequence',
  steps: [
    { id: 'draft', ...ask('Draft of {{ input.name }}') },
    {
      id: 'checked',
      type: 'review',
      reviewer: 'reader',
      maxRevisions: 1,
      revise: ask('Revision of {{ input.name }}'),
      of: '{{ steps.draft.output }}',
    },
    {
      id: 'both',
      type: 'parallel',
      branches: { a: ask('A of {{ input.name }}'), b: ask('B of {{ input.name }}') },
    },
    { id: 'sign-off', type: 'approval', title: 'Good?', content: '{{ steps.checked.output }}' },
    { id: 'last', ...ask('Last of {{ input.name }}') },
  ],
});

const paid = async () => (await house.vendor.totals()).calls;

/** Waits until the API speaks of this execution, which a reset has made, and of no end before it. */
const shown = (run: string, temporalRun: string, since: number) =>
  eventually(
    `the reset of ${run} shows`,
    async () => {
      const now = await house.run(run);
      if (now.links.temporal?.includes(temporalRun) !== true) return undefined;
      if (now.finishedAt !== null) expect(Date.parse(now.finishedAt)).toBeGreaterThanOrEqual(since);
      return now;
    },
    5_000,
  );

/** Adds a workflow task after which the run goes on waiting; the points to which it can be reset then. */
async function waitingOn(id: string): Promise<number[]> {
  const nonsense = JSON.stringify({ approval: 'none', decision: 'approve' });
  await temporal.command('workflow', 'signal', '-w', id, '--name', 'decide', '--input', nonsense);
  return eventually('the signal is taken', async () => {
    const events = await temporal.history(id);
    const signalled = events.findIndex((event) => event.workflowExecutionSignaledEventAttributes != null);
    const done = events.findIndex(
      (event, index) => index > signalled && event.workflowTaskCompletedEventAttributes != null,
    );
    return signalled > 0 && done > 0 ? await temporal.resetPoints(id) : undefined;
  });
}

test('a reset to any event of a finished run runs on to the same end, pays nothing twice and is never hidden', async () => {
  const id = await house.start(plan, { name: 'any event' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve', comment: 'fine' });
  const first = await house.ended(id);
  expect(first.status).toBe('completed');
  const made = (decisions: typeof first.result) => decisions?.decisions.map(({ by, step }) => ({ by, step }));
  expect(made(first.result)).toHaveLength(2);
  const calls = await paid();
  const { runId: original } = await temporal.newest(id);
  const points = await temporal.resetPoints(id);
  expect(points.length).toBeGreaterThan(5);
  for (const event of points) {
    const since = Date.now();
    await shown(id, await temporal.reset(id, event, { temporalRun: original }), since);
    const again = await house.ended(id);
    expect(again).toMatchObject({
      status: 'completed',
      result: { output: first.result?.output, error: null },
    });
    expect(made(again.result)).toEqual(made(first.result));
    expect(await paid()).toBe(calls);
    const steps = (await house.steps(id)).flatMap((step) => [step, ...step.children]);
    expect(steps.map(({ status }) => status)).not.toContain('running');
    await eventually(
      'Temporal says so',
      async () => (await temporal.newest(id)).status === 'COMPLETED' || undefined,
    );
  }
  const told = await house.events(id);
  expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => index + 1));
  expect(told.at(-1)).toMatchObject({ type: 'run.finished', data: { status: 'completed' } });
  expect(told.filter(({ data }) => data.reason === 'reset')).toHaveLength(points.length);
}, 300_000);

test('nor does a reset in the middle of many branches at work lose or double anything', async () => {
  const branches = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `b${String(index)}`,
      {
        type: 'sequence',
        steps: ['one', 'two'].map((part) => ask(`Part ${part} of branch ${String(index)}`)),
      },
    ]),
  );
  const id = await house.start(
    planOf(
      { type: 'parallel', concurrency: 20, branches },
      { limits: { costUsd: 50, modelCalls: 100, tokens: 5_000_000 } },
    ),
  );
  const first = await house.ended(id);
  expect(first).toMatchObject({ status: 'completed', usage: { modelCalls: 40 } });
  const calls = await paid();
  const { runId: original } = await temporal.newest(id);
  const points = await temporal.resetPoints(id);
  for (const event of points) {
    await shown(id, await temporal.reset(id, event, { temporalRun: original }), Date.now() - 5_000);
    const again = await house.ended(id);
    expect(again).toMatchObject({ status: 'completed', result: { output: first.result?.output } });
    const steps = (await house.steps(id)).flatMap((step) => [step, ...step.children]);
    expect(new Set(steps.map(({ status }) => status))).toEqual(new Set(['completed']));
  }
  expect(await paid()).toBe(calls);
}, 300_000);

test('a reset of a run that waits for a person shows it waiting, and it is decided once', async () => {
  const id = await house.start(plan, { name: 'waiting one' });
  const { approval } = await house.waiting(id);
  const { runId: original } = await temporal.newest(id);
  const points = await waitingOn(id);
  const calls = await paid();
  for (const event of points) {
    const since = Date.now();
    const reset = await temporal.reset(id, event, { temporalRun: original });
    await shown(id, reset, since);
    const waiting = await eventually(
      `it waits again after ${String(event)}`,
      async () => {
        const now = await house.run(id);
        return now.status === 'waiting' && now.approvals.length === 1 ? now : undefined;
      },
      10_000,
    );
    expect(waiting).toMatchObject({
      statusReason: 'approval',
      approvals: [approval.id],
      current: ['sign-off'],
    });
  }
  expect(await paid()).toBe(calls);
  expect(await house.decide(approval.id, { decision: 'approve', digest: approval.digest })).toMatchObject({
    status: 200,
    body: { status: 'approved', decisions: [{ by: 'admin' }] },
  });
  expect(await house.ended(id)).toMatchObject({ status: 'completed' });
}, 180_000);

test('a decision on what a reset has changed does not count for what is asked now', async () => {
  const two = planOf({
    type: 'sequence',
    steps: [
      { id: 'text', type: 'approval', title: 'The text?', content: '{{ input.name }}', allow: ['edit'] },
      { id: 'pay', type: 'approval', title: 'Pay for it?', content: '{{ steps.text.output }}' },
    ],
  });
  const id = await house.start(two, { name: 'old content' });
  const first = await house.waiting(id);
  const beforeDecision = (await waitingOn(id)).at(-1) ?? 0;
  await house.decide(first.approval.id, { decision: 'edit', content: 'ten apples' });
  const asked = await eventually('the second question', async () => {
    const { approval } = await house.waiting(id);
    return approval.step === 'pay' ? approval : undefined;
  });
  await house.decide(asked.id, { decision: 'approve', digest: asked.digest });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'ten apples' } });

  const more = ['--reapply-exclude', 'All'];
  const since = Date.now();
  await shown(id, await temporal.reset(id, beforeDecision, { more }), since);
  const again = await house.waiting(id);
  expect(again.approval).toMatchObject({
    id: first.approval.id,
    digest: first.approval.digest,
    decisions: [],
  });
  await house.decide(first.approval.id, { decision: 'edit', content: 'a thousand apples' });
  const changed = await eventually('the second question again', async () => {
    const { approval } = await house.waiting(id);
    return approval.step === 'pay' ? approval : undefined;
  });
  expect(changed).toMatchObject({
    id: asked.id,
    content: 'a thousand apples',
    status: 'pending',
    decisions: [],
  });
  expect(changed.digest).not.toBe(asked.digest);
  expect(await house.decide(asked.id, { decision: 'approve', digest: asked.digest })).toMatchObject({
    status: 409,
    body: { code: 'action_changed' },
  });
  await house.decide(asked.id, { decision: 'reject', digest: changed.digest, comment: 'too many' });
  const end = await house.ended(id);
  expect(end).toMatchObject({ status: 'rejected' });
  expect(end.result?.decisions.map(({ decision }) => (decision as { decision: string }).decision)).toEqual([
    'edit',
    'reject',
  ]);
}, 120_000);
