import { eventually } from '../support/eventually';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const callOf = async (mark: string) =>
  (await house.vendor.ledger()).find(({ messages }) => messages.some(({ text }) => text.includes(mark)));

/** A run with a call that its vendor never answers. */
async function hanging(mark: string): Promise<string> {
  await house.vendor.script({ match: mark, then: { type: 'hang' } });
  const id = await house.start(planOf(ask(mark)));
  await eventually('the call is at the vendor', async () =>
    (await callOf(mark)) === undefined ? undefined : true,
  );
  return id;
}

/** Cancels a run and sees the vendor's socket closed and the run cancelled in time. */
async function cancelled(id: string, mark: string): Promise<void> {
  const at = Date.now();
  const answer = await house.service.request('POST', `/v1/runs/${id}/cancel`, { reason: 'not needed' });
  expect(answer.status).toBe(202);
  await eventually(
    'the vendor’s socket is closed',
    async () => ((await callOf(mark))?.closedByClient === true ? true : undefined),
    5_000 - (Date.now() - at),
  );
  const run = await house.ended(id);
  expect(run).toMatchObject({ status: 'cancelled', current: [], budget: { costUsd: { reserved: 0 } } });
  expect(Date.now() - at).toBeLessThan(20_000);
}

test('a cancelled run’s call is hung up on and the run is cancelled', async () => {
  const id = await hanging('plain');
  await cancelled(id, 'plain');
}, 60_000);

test('every step that it leaves is told of as cancelled, the outermost last', async () => {
  await house.vendor.script({ match: 'left behind', then: { type: 'hang' } });
  const approval = { type: 'approval', title: 'Good?', content: 'x' };
  const branches = {
    call: { type: 'sequence', steps: [{ type: 'set', value: 1 }, ask('left behind')] },
    child: { type: 'sequence', isolate: true, steps: [approval] },
  };
  const id = await house.start(planOf({ type: 'parallel', branches }));
  await house.waiting(id);
  await eventually('the call is at the vendor', () => callOf('left behind'));
  await cancelled(id, 'left behind');
  const told = (await house.events(id)).map(({ type, step, data }) => [type, step, data.status]);
  const finished = told.filter(([type]) => type === 'step.finished');
  const begun = told.filter(([type]) => type === 'step.started').map(([, step]) => step);
  expect(begun.toSorted()).toEqual(finished.map(([, step]) => step).toSorted());
  expect(finished.filter(([, , status]) => status !== 'cancelled')).toEqual([
    ['step.finished', 'call.steps.0', 'completed'],
  ]);
  expect(told.slice(-2)).toEqual([
    ['step.finished', 'root', 'cancelled'],
    ['run.finished', null, 'cancelled'],
  ]);
}, 60_000);

test('it is while the worker is frozen, and what that does when it thaws changes nothing', async () => {
  const id = await hanging('frozen');
  const worker = house.service.pid('worker');
  process.kill(worker, 'SIGSTOP');
  try {
    await cancelled(id, 'frozen');
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  const other = await house.ended(await house.start(planOf(ask('after the thaw'))));
  expect(other.status).toBe('completed');
  expect(await house.run(id)).toMatchObject({ status: 'cancelled' });
  const told = String((await house.service.request('GET', `/v1/runs/${id}/events`)).body);
  expect(told.match(/event: run\.finished/g)).toHaveLength(1);
}, 90_000);

test('it is while the worker is dead, time and again', async () => {
  const id = await hanging('dead');
  // Whoever supervises it starts it again, so it is killed as often as that.
  const killing = setInterval(() => {
    try {
      process.kill(house.service.pid('worker'), 'SIGKILL');
    } catch {
      // It is about to be started.
    }
  }, 200);
  try {
    await cancelled(id, 'dead');
  } finally {
    clearInterval(killing);
  }
}, 90_000);
