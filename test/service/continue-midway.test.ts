import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually';
import { chainOf } from './support/chain';
import { ask, planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

const asked = async (mark: string) =>
  (await house.vendor.ledger()).filter(({ messages }) => messages.some(({ text }) => text.includes(mark)));
/** So many steps that each make the run go on as a new Temporal run. */
const steps = (count: number) => ({
  type: 'sequence',
  steps: Array.from({ length: count }, (_, index) => ({ type: 'set', value: index })),
});

test('goes on between the re-asks of an agent, and asks no question twice', async () => {
  const lister = {
    model: 'claude-sonnet',
    instructions: 'You list.',
    output: { type: 'object', required: ['items'], properties: { items: { type: 'array' } } },
  };
  await house.vendor.script({ match: 'List it slowly', times: 2, then: { type: 'wrong_schema' } });
  const flow = {
    type: 'parallel',
    branches: { list: { type: 'agent', agent: 'lister', prompt: 'List it slowly.' }, rest: steps(8) },
  };
  const id = await house.start(planOf(flow, { agents: { lister } }));
  expect(await house.ended(id)).toMatchObject({ status: 'completed', usage: { modelCalls: 3 } });
  expect(await asked('List it slowly')).toHaveLength(3);
  const chain = await chainOf(temporal, id);
  const callsOf = chain.map(
    (events) =>
      events.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel')
        .length,
  );
  // Each of the three in a Temporal run of its own.
  expect(callsOf.filter((calls) => calls > 0)).toEqual([1, 1, 1]);
}, 90_000);

test('waits out a vendor whose breaker is open across Temporal runs, and calls it no earlier', async () => {
  const writer = {
    model: 'claude-sonnet',
    instructions: 'You write behind a breaker.',
    retry: { maxRetries: 0 },
    circuitBreaker: { failures: 1, cooldown: '4s' },
  };
  await house.vendor.script({ match: 'behind a breaker', then: { type: 'error', status: 529 } });
  const text = { type: 'sequence', steps: [ask('Fail.', { onFailure: 'skip' }), ask('Write it.')] };
  const flow = { type: 'parallel', branches: { text, rest: steps(6) } };
  const id = await house.start(planOf(flow, { agents: { writer } }));
  expect(await house.ended(id)).toMatchObject({ status: 'partial', usage: { modelCalls: 2 } });
  const calls = (await house.vendor.ledger()).filter(({ system }) => system.includes('behind a breaker'));
  expect(calls).toHaveLength(2);
  const waited = Date.parse(calls[1]?.at ?? '') - Date.parse(calls[0]?.at ?? '');
  expect(waited).toBeGreaterThanOrEqual(4000);
  expect(waited).toBeLessThan(14_000);
}, 90_000);

test('takes the next model where the breaker of the first is open', async () => {
  const writer = {
    model: ['claude-opus', 'claude-haiku'],
    instructions: 'You write with two models.',
    retry: { maxRetries: 0 },
    circuitBreaker: { failures: 1, cooldown: '10m' },
  };
  const opus = { match: 'with two models', model: 'claude-opus-5-5', times: 100 };
  await house.vendor.script({ ...opus, then: { type: 'error', status: 529 } });
  const flow = { type: 'sequence', steps: [ask('One.'), ask('Two.')] };
  const run = await house.ended(await house.start(planOf(flow, { agents: { writer } })));
  expect(run).toMatchObject({ status: 'completed' });
  const models = (await house.vendor.ledger())
    .filter(({ system }) => system.includes('with two models'))
    .map(({ model }) => model);
  expect(models).toEqual(['claude-opus-5-5', 'claude-haiku-5-5', 'claude-haiku-5-5']);
}, 60_000);

test('keeps an open approval as it is, and lets it expire when it would have', async () => {
  const flow = {
    type: 'parallel',
    branches: {
      sign: { type: 'approval', title: 'Good?', content: 'this', timeout: '10s', onTimeout: 'skip' },
      rest: steps(12),
    },
  };
  const id = await house.start(planOf(flow));
  const { approval } = await house.waiting(id);
  await eventually('several steps have ended beside it', async () =>
    (await house.run(id)).stateVersion > 3 ? true : undefined,
  );
  const { approval: later } = await house.waiting(id);
  expect(later).toEqual(approval);
  const run = await house.ended(id);
  expect(run.status).toBe('completed');
  const { finishedAt } = await house.step(id, 'sign');
  const late = Date.parse(finishedAt ?? '') - Date.parse(approval.dueAt ?? '');
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThan(5000);
  const chain = await chainOf(temporal, id);
  expect(chain.length).toBeGreaterThan(6);
  const searched = chain.map(([started]) =>
    Object.keys(
      started?.workflowExecutionStartedEventAttributes?.searchAttributes?.indexedFields ?? {},
    ).sort(),
  );
  expect(searched.at(-1)).toEqual(expect.arrayContaining(searched[0] ?? []));
}, 60_000);

test.each([
  ['a step’s timeout', { timeout: '3s' }, { code: 'step_timeout' }],
  ['a step’s limit', { limits: { timeout: '3s', onExceeded: 'fail' } }, { code: 'budget_exceeded' }],
])(
  '%s runs on across Temporal runs',
  async (_, limit, error) => {
    const mark = `slow ${JSON.stringify(limit)}`;
    await house.vendor.script({ match: mark, times: 100, then: { type: 'slow', ms: 600 } });
    const flow = { type: 'sequence', ...limit, steps: Array.from({ length: 12 }, () => ask(mark)) };
    const id = await house.start(planOf(flow));
    expect(await house.ended(id)).toMatchObject({ status: 'failed', result: { error } });
    const calls = await asked(mark);
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.length).toBeLessThanOrEqual(6);
    expect((await chainOf(temporal, id)).length).toBeGreaterThan(1);
  },
  60_000,
);

test('the run’s own timeout runs on across Temporal runs', async () => {
  await house.vendor.script({ match: 'slow run', times: 100, then: { type: 'slow', ms: 600 } });
  const flow = { type: 'sequence', steps: Array.from({ length: 12 }, () => ask('slow run')) };
  const id = await house.start(planOf(flow, { limits: { timeout: '3s' } }));
  expect(await house.ended(id)).toMatchObject({ status: 'partial' });
  expect((await asked('slow run')).length).toBeLessThanOrEqual(6);
}, 60_000);

test('begins no branch later that others had made needless', async () => {
  const flow = {
    ...{ type: 'parallel', concurrency: 2, require: 1, cancelRest: true },
    branches: {
      undecided: { type: 'approval', title: 'Good?', content: 'this' },
      fast: steps(1),
      needless: ask('A needless text.'),
    },
    reduce: steps(3),
  };
  const id = await house.start(planOf(flow));
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 2 } });
  expect(await asked('A needless text.')).toEqual([]);
  const begun = (await house.steps(id))
    .flatMap(({ children }) => children)
    .filter(({ status }) => status !== 'pending');
  expect(begun.map(({ path }) => path)).not.toContain('needless');
}, 60_000);

test('knows the ids inside of steps that have ended', async () => {
  const inner = { id: 'inner', type: 'set', value: 'deep' };
  const outer = { id: 'outer', type: 'sequence', steps: [inner, ...steps(2).steps] };
  const last = { type: 'set', value: '{{ steps.inner.output }} {{ steps.inner.status }}' };
  const id = await house.start(planOf({ type: 'sequence', steps: [outer, ...steps(2).steps, last] }));
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'deep completed' } });
}, 60_000);

test('counts every approval’s decision once, whatever moment it comes at, by update or by signal', async () => {
  const signs = ['a', 'b', 'c', 'd'];
  const flow = {
    type: 'parallel',
    concurrency: 10,
    branches: {
      ...Object.fromEntries(
        signs.map((name) => [name, { type: 'approval', title: name, content: name, onReject: 'skip' }]),
      ),
      rest: { type: 'sequence', steps: Array.from({ length: 18 }, () => ask('Take your time.')) },
    },
  };
  await house.vendor.script({ match: 'Take your time', times: 100, then: { type: 'slow', ms: 500 } });
  const id = await house.start(planOf(flow));
  const open = await eventually('all are asked', async () => {
    const { approvals } = await house.run(id);
    return approvals.length === signs.length ? approvals : undefined;
  });
  const [byUpdate = '', byKey = '', bySignal = '', byMany = ''] = open;
  // A run that goes on as new all the time may be met by no update for 10 s: whoever is told so asks again.
  const decide = (approval: string, key?: string, decision = 'approve') =>
    eventually('the run answers', async () => {
      const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
      const target = `/v1/approvals/${approval}`;
      const answer = await house.service.request('POST', target, { decision }, headers);
      return answer.status === 503 ? undefined : answer;
    });
  await decide(byUpdate);
  const first = await decide(byKey, 'the same');
  await sleep(700);
  // The same request again, Temporal runs later, is told what it was told then; another is too late.
  expect(first.status).toBe(200);
  expect((await decide(byKey, 'the same')).status).toBe(200);
  expect((await decide(byKey, 'another')).status).toBe(409);
  await temporal.client.workflow.getHandle(id).signal('decide', { approval: bySignal, decision: 'approve' });
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      await sleep(index * 60);
      return decide(byMany, `decider ${String(index)}`, index % 2 === 0 ? 'approve' : 'reject');
    }),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed' });
  expect(run.result?.decisions.map(({ step }) => step).sort()).toEqual(signs);
  expect((await chainOf(temporal, id)).length).toBeGreaterThan(15);
}, 120_000);

test('a run that is cancelled while it goes on is cancelled, whatever the moment', async () => {
  for (const after of [0, 150, 300, 450, 600]) {
    const id = await house.start(planOf(steps(60)));
    await eventually('it is under way', async () =>
      (await house.run(id)).stateVersion > 2 ? true : undefined,
    );
    await sleep(after);
    await house.service.request('POST', `/v1/runs/${id}/cancel`);
    expect(await house.ended(id)).toMatchObject({ status: 'cancelled' });
    await eventually('Temporal says so', async () =>
      (await temporal.newest(id)).status === 'CANCELLED' ? true : undefined,
    );
  }
}, 120_000);
