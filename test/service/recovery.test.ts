import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse({ latencyMs: 1200, ledger: 'embedded' });

const chain = planOf({
  type: 'sequence',
  steps: [
    { id: 'a', ...ask('First of {{ input.name }}') },
    { id: 'b', ...ask('Second of {{ input.name }}') },
    { id: 'c', ...ask('Third of {{ input.name }}') },
  ],
});
const asked = async (name: string) =>
  (await house.vendor.ledger()).filter(({ messages }) =>
    messages.some(({ text }) => text.includes(`of ${name}`)),
  );

test('pays nothing twice when the worker is killed while a call is in flight', async () => {
  const id = await house.start(chain, { name: 'killed-worker' });
  for (const count of [1, 2]) {
    await eventually(
      `call ${String(count)} is in flight`,
      async () => (await asked('killed-worker')).length === count || undefined,
    );
    process.kill(house.service.pid('worker'), 'SIGKILL');
  }
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 3 } });
  const calls = await asked('killed-worker');
  const parts = calls.map(({ messages }) => /First|Second|Third/.exec(messages[0]?.text ?? '')?.[0]);
  expect(parts).toEqual(['First', 'Second', 'Third']);
  expect(calls.every(({ closedByClient }) => !closedByClient)).toBe(true);
}, 120_000);

test('goes on after every process was killed: running runs run, waiting approvals wait, nothing accepted is missing', async () => {
  const signOff = planOf({
    type: 'sequence',
    steps: [
      { id: 'text', ...ask('Text of {{ input.name }}') },
      { id: 'sign-off', type: 'approval', title: 'Good?' },
    ],
  });
  const waitingId = await house.start(signOff, { name: 'waits' });
  const before = await house.waiting(waitingId);
  const runningId = await house.start(chain, { name: 'runs-on' });
  await eventually(
    'its first call is in flight',
    async () => (await asked('runs-on')).length > 0 || undefined,
  );
  const accepted = await Promise.all(
    Array.from({ length: 10 }, (_, index) => house.start(chain, { name: `accepted-${String(index)}` })),
  );
  await house.service.kill();
  await house.restart();

  const after = await house.waiting(waitingId);
  expect(after.approval).toMatchObject({
    id: before.approval.id,
    digest: before.approval.digest,
    status: 'pending',
  });
  expect((await house.decide(after.approval.id, { decision: 'approve' })).status).toBe(200);
  expect(await house.ended(waitingId)).toMatchObject({
    status: 'completed',
    result: { output: before.approval.content },
  });
  for (const id of [runningId, ...accepted])
    expect(await house.ended(id)).toMatchObject({ status: 'completed' });
  // Only what was at the vendor when the gateway died may have been asked for twice, and the ledger says so.
  let ambiguous = 0;
  let requests = 0;
  for (const [name, id] of [
    ['runs-on', runningId] as const,
    ...accepted.map((id, index) => [`accepted-${String(index)}`, id] as const),
  ]) {
    requests += (await asked(name)).length - 3;
    for (const place of ['a', 'b', 'c']) {
      for (const call of (await house.step(id, place)).calls) ambiguous += call.ambiguous;
    }
  }
  // A call that was noted as sent and never left is ambiguous, too.
  expect(requests).toBeLessThanOrEqual(ambiguous);
}, 180_000);
