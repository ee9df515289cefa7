import type { Step } from '../../src/contract/api';
import { example, useHouse } from './support/house';

const house = useHouse({ latencyMs: 300, ledger: 'embedded' });
beforeEach(() => house.vendor.clearScript());

const plan = example('content-production');
const flat = (steps: Step[]): Step[] => steps.flatMap((step) => [step, ...flat(step.children)]);
const nano = (usd: number) => Math.round(usd * 1e9);

test('goes from researchers to the approval and completes with the approved text', async () => {
  const before = (await house.vendor.ledger()).length;
  const id = await house.start(plan, { topic: 'heat pumps' });
  const { approval, run: paused } = await house.waiting(id);
  expect(paused).toMatchObject({ status: 'waiting', statusReason: 'approval', current: ['sign-off'] });
  expect(approval).toMatchObject({
    title: 'Publish the brief on heat pumps?',
    risk: 'high',
    status: 'pending',
  });
  expect(await house.decide(approval.id, { decision: 'approve' })).toMatchObject({
    status: 200,
    body: { status: 'approved' },
  });
  const run = await house.ended(id);
  expect(run).toMatchObject({
    status: 'completed',
    simulated: false,
    result: { output: approval.content, incomplete: [], error: null },
  });

  const calls = (await house.vendor.ledger()).slice(before);
  expect(calls.map(({ model }) => model.replace(/-\d.*/, ''))).toEqual([
    ...['claude-sonnet', 'claude-sonnet', 'claude-sonnet', 'claude-sonnet'],
    'claude-haiku',
  ]);
  const researchers = calls.slice(0, 3);
  const lastStart = Math.max(...researchers.map(({ at }) => Date.parse(at)));
  const firstEnd = Math.min(...researchers.map(({ completedAt }) => Date.parse(completedAt ?? '')));
  expect(lastStart).toBeLessThan(firstEnd);
}, 60_000);

test('adds the cost up exactly from calls to steps to the run, under the limit', async () => {
  const id = await house.start(plan, { topic: 'tidal power' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve' });
  const run = await house.ended(id);
  const steps = await house.steps(id);
  const withCalls = flat(steps).filter(({ path }) => /^(research\.\w+|draft|gate)$/.test(path));
  expect(withCalls).toHaveLength(5);
  let total = 0;
  for (const step of withCalls) {
    const { calls } = await house.step(id, step.path);
    const sum = calls.reduce((cost, call) => cost + nano(call.usage.costUsd), 0);
    expect(nano(step.usage.costUsd)).toBe(sum);
    total += sum;
  }
  expect(nano(run.usage.costUsd)).toBe(total);
  expect(nano(run.budget.costUsd.used)).toBe(total);
  expect(run.budget.costUsd).toMatchObject({ limit: 0.2, reserved: 0 });
  const root = steps.find(({ path }) => path === 'root');
  expect(nano(root?.usage.costUsd ?? 0)).toBe(total);
}, 60_000);

test('makes two more calls for a revision', async () => {
  const rejection = { approved: false, issues: ['The second sentence has no source.'] };
  await house.vendor.script({ match: 'facts, completeness', then: { type: 'answer', json: rejection } });
  const before = (await house.vendor.totals()).calls;
  const id = await house.start(plan, { topic: 'wave power' });
  const { approval } = await house.waiting(id);
  expect((await house.vendor.totals()).calls - before).toBe(7);
  const asked = (await house.vendor.ledger()).at(-2);
  expect(asked?.messages.at(-1)?.text).toContain('The second sentence has no source.');
  await house.decide(approval.id, { decision: 'approve' });
  expect((await house.ended(id)).result?.decisions).toMatchObject([
    { step: 'gate.reviewer.1', decision: rejection },
    { step: 'gate.reviewer.2', decision: { approved: true } },
    { step: 'sign-off', by: 'admin' },
  ]);
}, 60_000);

test('returns an edited text word for word', async () => {
  const id = await house.start(plan, { topic: 'peat' });
  const { approval } = await house.waiting(id);
  const content = 'My own words:\n\t{{ input.topic }} — «ünïcode» 🎼\u0000\n';
  expect(await house.decide(approval.id, { decision: 'edit', content })).toMatchObject({ status: 200 });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: content } });
}, 60_000);

test('ends as rejected, with who and why', async () => {
  const id = await house.start(plan, { topic: 'peat' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'reject', comment: 'No sources.' });
  const run = await house.ended(id);
  expect(run.status).toBe('rejected');
  expect(run.statusReason).toContain('admin');
  expect(run.statusReason).toContain('No sources.');
}, 60_000);

test('keeps prompts and answers out of the history, and says there what runs', async () => {
  const id = await house.start(plan, { topic: 'a topic that only this test knows' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve' });
  await house.ended(id);
  const { body } = await house.service.request('GET', `/v1/runs/${id}/history`);
  const { events } = body as { events: HistoryEvent[] };
  expect(events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name).toBe('sequence');
  const summaries = events.flatMap(({ userMetadata }) => textOf(userMetadata?.summary?.data));
  expect(summaries.join('\n')).toMatch(/researcher · claude-sonnet/);
  const payloads = decoded(JSON.stringify(body));
  expect(payloads).not.toContain('You research one angle');
  // A preview of the answer is there, and nothing of what comes after it.
  const answer = approval.content as string;
  expect(payloads).toContain(JSON.stringify(answer.slice(0, 150)).slice(1, -1));
  expect(payloads).not.toContain(JSON.stringify(answer.slice(220, 300)).slice(1, -1));
}, 60_000);

interface HistoryEvent {
  userMetadata?: { summary?: { data?: string } };
  workflowExecutionStartedEventAttributes?: { workflowType: { name: string } };
}

const textOf = (data: string | undefined) =>
  data === undefined ? [] : [Buffer.from(data, 'base64').toString('utf8')];

/** All payloads of a history as text, one after another. */
function decoded(json: string): string {
  return json.replace(/"data":\s*"([A-Za-z0-9+/=]+)"/g, (_, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
}
