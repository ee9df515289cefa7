import path from 'node:path';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { Run } from '../../src/contract/api';
import type { Schedule } from '../../src/contract/schedules-api';
import { eventually } from '../support/eventually';
import { planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse();
const temporal = useTemporal();

// None of them fires by itself while the tests run.
const newYear = '0 0 1 1 *';
const store = async (name: string, version: string, flow: object, triggers: object[] = []) => {
  const plan = { ...planOf(flow, { name, version }), ...(triggers.length === 0 ? {} : { triggers }) };
  const answer = await house.service.request('POST', '/v1/plans', plan);
  expect(answer).toMatchObject({ status: 201 });
};
const all = async () =>
  ((await house.service.request('GET', '/v1/schedules')).body as { items: Schedule[] }).items;
const known = (id: string, when: (one: Schedule) => boolean = ({ nextAt }) => nextAt !== null) =>
  eventually(`the schedule ${id} is known`, async () =>
    (await all()).find((one) => one.id === id && when(one)),
  );
const runsOf = async (plan: string) =>
  ((await house.service.request('GET', `/v1/runs?plan=${plan}`)).body as { items: Run[] }).items;
// The task queue of a test's service is the name of its folder.
const handleOf = (id: string) =>
  temporal.client.schedule.getHandle(`${path.basename(house.service.dataDir)}/default/${id}`);
/** Lets Temporal take these years' times, as it does with those that were missed. */
const backfill = (id: string, from: number, to: number, overlap: ScheduleOverlapPolicy) =>
  handleOf(id).backfill({
    ...{ start: new Date(`${String(from)}-12-31T00:00:00Z`), end: new Date(`${String(to)}-12-31T00:00:00Z`) },
    overlap,
  });

test('starts one run for each time, however often Temporal says that it has come', async () => {
  await store('yearly', '1.0.0', { type: 'set', value: '{{ input.greeting }}' });
  const made = await house.service.request('POST', '/v1/schedules', {
    ...{ plan: 'yearly', cron: newYear, timezone: 'UTC', overlap: 'all', input: { greeting: 'Happy' } },
  });
  expect(made).toMatchObject({ status: 201, body: { from: 'api', paused: false, last: null } });
  const { id } = made.body as Schedule;
  expect((await known(id)).nextAt).toMatch(/-01-01T00:00:00.000Z$/);
  await backfill(id, 2019, 2021, ScheduleOverlapPolicy.ALLOW_ALL);
  await backfill(id, 2019, 2021, ScheduleOverlapPolicy.ALLOW_ALL);
  const { last } = await known(
    id,
    (one) => one.last?.at.startsWith('2021') === true && one.last.run !== null,
  );
  expect(last).toMatchObject({ at: '2021-01-01T00:00:00.000Z', state: 'started', reason: null });
  expect(await house.ended(last?.run ?? '')).toMatchObject({ result: { output: 'Happy' } });
  expect(await runsOf('yearly')).toHaveLength(2);
}, 90_000);

test('takes one of the times that were missed together, and none beside a run that is open', async () => {
  await store('patient', '1.0.0', { type: 'wait', event: 'go' }, [{ schedule: newYear }]);
  const id = 'plan.patient.0';
  await known(id);
  await backfill(id, 2010, 2018, ScheduleOverlapPolicy.SKIP);
  const first = await known(id, ({ last }) => last?.state === 'started');
  await backfill(id, 2018, 2019, ScheduleOverlapPolicy.SKIP);
  const { last } = await known(id, (one) => one.last?.state === 'skipped');
  expect(last).toMatchObject({ run: null, reason: 'The run of an earlier time was still open.' });
  expect((await runsOf('patient')).map((run) => run.id)).toEqual([first.last?.run]);
}, 90_000);

test('arms the live version alone, and lets nobody but the plan change what is its own', async () => {
  const flow = { type: 'set', value: 1 };
  await store('armed', '1.0.0', flow, [
    { schedule: newYear },
    { schedule: '0 7 * * 1-5', timezone: 'Europe/Berlin' },
  ]);
  expect((await all()).filter(({ plan }) => plan === 'armed')).toMatchObject([
    { id: 'plan.armed.0', from: 'plan', timezone: 'UTC', overlap: 'skip' },
    { id: 'plan.armed.1', cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' },
  ]);
  const change = (body: object) => house.service.request('PATCH', '/v1/schedules/plan.armed.0', body);
  expect(await change({ cron: '* * * * *' })).toMatchObject({
    status: 409,
    body: { code: 'schedule_of_plan' },
  });
  expect(await house.service.request('DELETE', '/v1/schedules/plan.armed.0')).toMatchObject({ status: 409 });
  expect(await change({ paused: true })).toMatchObject({ status: 200, body: { paused: true, nextAt: null } });
  await store('armed', '1.1.0', flow);
  expect((await all()).filter(({ plan }) => plan === 'armed')).toEqual([]);
}, 60_000);

test('says why a time could start nothing, and takes a schedule away', async () => {
  await store('strict', '1.0.0', { type: 'set', value: 1 });
  const body = { plan: 'strict', cron: newYear };
  const wrong = await house.service.request('POST', '/v1/schedules', {
    ...body,
    cron: '61 * * * *',
    timezone: 'Mars',
  });
  const { errors } = wrong.body as { errors: { path: string }[] };
  expect([wrong.status, ...errors.map(({ path }) => path)]).toEqual([422, '/cron', '/timezone']);
  const { id } = (await house.service.request('POST', '/v1/schedules', body)).body as Schedule;
  await known(id);
  await house.service.request('POST', '/v1/plans', {
    ...planOf({ type: 'set', value: 1 }, { name: 'strict', version: '2.0.0' }),
    input: { type: 'object', required: ['topic'] },
  });
  await backfill(id, 2019, 2020, ScheduleOverlapPolicy.SKIP);
  const { last } = await known(id, (one) => one.last?.state === 'refused');
  expect(last?.reason).toContain("does not fit the plan's schema");
  expect(await house.service.request('DELETE', `/v1/schedules/${id}`)).toMatchObject({ status: 200 });
  expect((await all()).map((one) => one.id)).not.toContain(id);
  const handle = handleOf(id);
  await eventually('Temporal lets go of it', () =>
    handle.describe().then(
      () => undefined,
      () => true as const,
    ),
  );
}, 90_000);
