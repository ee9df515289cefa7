import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse();
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

const callOf = async (mark: string) =>
  (await house.vendor.ledger()).find(({ messages }) => messages.some(({ text }) => text.includes(mark)));
const inFlight = (mark: string) =>
  eventually(`the call ${mark} is at the vendor`, async () =>
    (await callOf(mark)) === undefined ? undefined : true,
  );

test('a termination shows as a failed run that says who and why, and ends what the run had under way', async () => {
  await house.vendor.script({ match: 'terminated call', then: { type: 'hang' } });
  const id = await house.start(
    planOf({
      type: 'parallel',
      branches: {
        call: ask('terminated call'),
        person: { type: 'approval', title: 'Good?', content: 'x' },
      },
    }),
  );
  await inFlight('terminated call');
  const approval = await eventually('the approval is asked', async () => (await house.run(id)).approvals[0]);
  const at = Date.now();
  await temporal.command('workflow', 'terminate', '-w', id, '--reason', 'wrong customer');
  const run = await house.ended(id);
  expect(Date.now() - at).toBeLessThan(30_000);
  expect(run).toMatchObject({
    status: 'failed',
    statusReason: expect.stringMatching(/^Terminated in Temporal by .+: wrong customer$/) as unknown,
    approvals: [],
    current: [],
    result: { error: { code: 'terminated', retryable: true } },
    budget: { costUsd: { reserved: 0 } },
  });
  expect(await house.service.request('GET', `/v1/approvals/${approval}`)).toMatchObject({
    body: { status: 'cancelled' },
  });
  expect(await house.decide(approval, { decision: 'approve' })).toMatchObject({
    status: 409,
    body: { code: 'run_already_closed' },
  });
  expect(await callOf('terminated call')).toMatchObject({ closedByClient: true });
  const told = String((await house.service.request('GET', `/v1/runs/${id}/events`)).body);
  expect(told.lastIndexOf('event: run.finished')).toBe(told.lastIndexOf('event: '));
}, 60_000);

test('a cancellation with Temporal’s own tools ends the run as cancelled', async () => {
  await house.vendor.script({ match: 'cancelled elsewhere', then: { type: 'hang' } });
  const id = await house.start(planOf(ask('cancelled elsewhere')));
  await inFlight('cancelled elsewhere');
  await temporal.command('workflow', 'cancel', '-w', id);
  expect(await house.ended(id)).toMatchObject({ status: 'cancelled' });
  expect(await callOf('cancelled elsewhere')).toMatchObject({ closedByClient: true });
}, 60_000);
