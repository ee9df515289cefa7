import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

// A run that continues as new after every step: its journal spans several executions in Temporal.
const house = useHouse({
  env: { TEMPORAL_UI_URL: 'http://temporal.test', FERMATA_CONTINUE_AFTER_STEPS: '1' },
});
const temporal = useTemporal();

const plan = planOf({
  type: 'sequence',
  steps: [
    { id: 'first', ...ask('First of {{ input.name }}') },
    { id: 'sign-off', type: 'approval', title: 'Good?', content: '{{ steps.first.output }}' },
    { id: 'last', ...ask('Last of {{ input.name }}') },
  ],
});

test('a reset of any execution of a run that continued as new, to any event, runs on to the same end', async () => {
  const id = await house.start(plan, { name: 'continued' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve' });
  const first = await house.ended(id);
  expect(first.status).toBe('completed');
  const { calls } = await house.vendor.totals();
  const { headers } = await house.service.request('GET', `/v1/runs/${id}/history`);
  const executions = (headers.get('temporal-runs') ?? '').split(', ');
  expect(executions.length).toBeGreaterThan(2);
  for (const temporalRun of executions) {
    for (const event of await temporal.resetPoints(id, temporalRun)) {
      const reset = await temporal.reset(id, event, { temporalRun });
      await eventually(
        `the reset of ${temporalRun} to ${String(event)} shows`,
        async () => {
          const answer = await house.service.request('GET', `/v1/runs/${id}/history`);
          return answer.headers.get('temporal-runs')?.includes(reset) === true ? true : undefined;
        },
        5_000,
      );
      const again = await house.ended(id);
      expect(again).toMatchObject({ status: 'completed', result: { output: first.result?.output } });
      expect(again.result?.decisions.map(({ by, step }) => ({ by, step }))).toEqual(
        first.result?.decisions.map(({ by, step }) => ({ by, step })),
      );
      expect((await house.vendor.totals()).calls).toBe(calls);
      await eventually('Temporal says so', async () =>
        (await temporal.newest(id)).status === 'COMPLETED' ? true : undefined,
      );
    }
  }
}, 300_000);
