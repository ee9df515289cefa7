import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const standing = (id: string, status: string) =>
  eventually(
    `the run ${id} is ${status}`,
    async () => {
      const run = await house.run(id);
      return run.status === status ? run : undefined;
    },
    60_000,
  );

test('runs are stalled while no worker works, say what to do, and go on when one does again', async () => {
  await house.vendor.script({ match: 'slow one', then: { type: 'slow', ms: 5_000 }, times: 2 });
  const waits = await house.start(planOf({ type: 'approval', title: 'Good?', content: 'x' }));
  await house.waiting(waits);
  const working = await house.start(planOf(ask('slow one')));
  const inChild = await house.start(planOf(ask('slow one', { isolate: true })));
  await eventually('their calls are at the vendor', async () =>
    (await house.vendor.ledger()).length === 2 ? true : undefined,
  );
  const worker = house.service.pid('worker');
  process.kill(worker, 'SIGSTOP');
  const queued = await house.start(planOf(ask('never seen')));
  try {
    for (const id of [queued, working, inChild])
      expect((await standing(id, 'stalled')).statusReason).toMatch(
        /worker .*of the queue .+ start (one|another)/,
      );
    // It waits for a person, whoever works meanwhile.
    expect(await house.run(waits)).toMatchObject({ status: 'waiting', statusReason: 'approval' });
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  for (const id of [queued, working, inChild]) {
    const run = await house.ended(id);
    expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } });
    const told = String((await house.service.request('GET', `/v1/runs/${id}/events`)).body);
    expect(told).toContain('"status":"stalled"');
  }
}, 180_000);
