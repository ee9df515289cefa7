import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RuleInput } from '../../src/simulator/script';
import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const signOff = (rest: object = {}) =>
  planOf({ type: 'approval', title: 'Publish «{{ input.text }}»?', content: '{{ input.text }}', ...rest });

test('answers a second decision with the first', async () => {
  const id = await house.start(signOff(), { text: 'one' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve' });
  const second = await house.decide(approval.id, { decision: 'reject' });
  expect(second).toMatchObject({
    status: 409,
    body: {
      code: 'approval_already_decided',
      decision: { by: 'admin', decision: 'approve' },
      approval: { id: approval.id },
    },
  });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'one' } });
}, 60_000);

test('gives fifty deciders at once one winner', async () => {
  const id = await house.start(signOff(), { text: 'raced for' });
  const { approval } = await house.waiting(id);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      house.decide(
        approval.id,
        index % 2 === 0
          ? { decision: 'approve', comment: `n${String(index)}` }
          : { decision: 'reject', comment: `n${String(index)}` },
      ),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(49);
  const won = answers.find(({ status }) => status === 200)?.body as {
    status: string;
    decisions: { comment: string }[];
  };
  expect(won.decisions).toHaveLength(1);
  const run = await house.ended(id);
  expect(run.status).toBe(won.status === 'approved' ? 'completed' : 'rejected');
}, 60_000);

test('takes a decision by signal from Temporal’s own command line, as the operator’s, whoever it says it is', async () => {
  const id = await house.start(signOff(), { text: 'by signal' });
  const { approval } = await house.waiting(id);
  const input = JSON.stringify({
    approval: approval.id,
    decision: 'edit',
    content: 'typed by hand',
    by: 'ada',
  });
  const address = process.env['TEST_TEMPORAL_ADDRESS'] ?? '';
  const cli = process.env['TEST_TEMPORAL_CLI'] ?? 'temporal';
  await promisify(execFile)(cli, [
    'workflow',
    'signal',
    '--address',
    address,
    '-w',
    id,
    '--name',
    'decide',
    '--input',
    input,
  ]);
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed', result: { output: 'typed by hand' } });
  expect(run.result?.decisions).toMatchObject([{ kind: 'approval', by: 'temporal:operator' }]);
}, 60_000);

test('refuses what is not allowed, a missing content, another digest, and a content that breaks the schema', async () => {
  const schema = {
    type: 'object',
    required: ['amount'],
    properties: { amount: { type: 'number' } },
    additionalProperties: false,
  };
  const plan = planOf({
    type: 'approval',
    title: 'Pay?',
    content: '{{ input }}',
    schema,
    allow: ['approve', 'edit'],
  });
  const id = await house.start(plan, { amount: 1 });
  const { approval } = await house.waiting(id);
  expect(await house.decide(approval.id, { decision: 'reject' })).toMatchObject({ status: 422 });
  expect(await house.decide(approval.id, { decision: 'edit' })).toMatchObject({ status: 422 });
  expect(await house.decide(approval.id, { decision: 'edit', content: { amount: 'much' } })).toMatchObject({
    status: 422,
  });
  expect(await house.decide(approval.id, { decision: 'approve', digest: '0'.repeat(64) })).toMatchObject({
    status: 409,
    body: { code: 'action_changed' },
  });
  expect(await house.decide(approval.id, { decision: 'edit', content: { amount: 2 } })).toMatchObject({
    status: 200,
    body: { status: 'edited' },
  });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: { amount: 2 } } });
}, 60_000);

test.each([
  ['fail', { status: 'failed', result: { error: { code: 'approval_expired' } } }],
  ['approve', { status: 'completed', result: { output: 'late' } }],
  ['skip', { status: 'completed', result: { output: null } }],
  ['reject', { status: 'rejected' }],
])(
  'does what the plan says when nobody decides in time: %s',
  async (onTimeout, expected) => {
    const id = await house.start(signOff({ timeout: '1s', onTimeout }), { text: 'late' });
    const { approval } = await house.waiting(id);
    expect(await house.ended(id)).toMatchObject(expected);
    expect((await house.steps(id)).map(({ status }) => status)).not.toContain('running');
    expect(await house.decide(approval.id, { decision: 'approve' })).toMatchObject({
      status: 410,
      body: { code: 'approval_expired' },
    });
  },
  60_000,
);

test('takes no decision that is given after the time, though no worker was there to end it', async () => {
  const id = await house.start(signOff({ timeout: '1s', onTimeout: 'reject' }), { text: 'too late' });
  const { approval } = await house.waiting(id);
  process.kill(house.service.pid('worker'), 'SIGKILL');
  await eventually('its time is over', () => Date.now() > Date.parse(approval.dueAt ?? '') || undefined);
  expect(await house.decide(approval.id, { decision: 'approve' })).toMatchObject({
    status: 410,
    body: { code: 'approval_expired' },
  });
  expect(await house.ended(id)).toMatchObject({ status: 'rejected' });
}, 60_000);

test('goes on without anybody where the risk is low, and records that', async () => {
  const id = await house.start(signOff({ risk: 'low' }), { text: 'harmless' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'harmless' } });
  const { body } = await house.service.request('GET', `/v1/approvals?runId=${id}&status=approved`);
  expect(body).toMatchObject({ items: [{ risk: 'low', status: 'approved', decisions: [{ by: 'policy' }] }] });
}, 60_000);

test('goes on with null after a rejection that the plan lets pass', async () => {
  const id = await house.start(signOff({ onReject: 'skip' }), { text: 'no' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'reject' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: null } });
}, 60_000);

test('asks a person when the reviewer never approves, and retries, answers, skips or fails as told', async () => {
  const never: RuleInput['then'] = { type: 'answer', json: { approved: false, issues: ['too long'] } };
  const plan = planOf({
    type: 'review',
    reviewer: 'reader',
    maxRevisions: 0,
    revise: ask('Shorter.'),
    of: '{{ input.text }}',
  });
  await house.vendor.script({ match: 'You judge', times: 100, then: never });
  const id = await house.start(plan, { text: 'long' });
  const first = await house.waiting(id);
  expect(first.approval).toMatchObject({
    kind: 'escalation',
    allow: ['retry', 'answer', 'skip', 'fail'],
    content: { text: 'long', issues: ['too long'] },
  });
  await house.decide(first.approval.id, { decision: 'retry' });
  const second = await eventually('it is asked again', async () => {
    const { approval } = await house.waiting(id);
    return approval.id === first.approval.id ? undefined : approval;
  });
  await house.decide(second.id, { decision: 'answer', content: 'a person’s text' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'a person’s text' } });

  for (const [decision, expected] of [
    [
      'skip',
      { status: 'partial', result: { output: 'long', incomplete: [{ step: 'root', code: 'not_approved' }] } },
    ],
    ['fail', { status: 'failed', result: { error: { code: 'escalation_failed' } } }],
  ] as const) {
    const other = await house.start(plan, { text: 'long' });
    await house.decide((await house.waiting(other)).approval.id, { decision });
    expect(await house.ended(other)).toMatchObject(expected);
  }
}, 90_000);
