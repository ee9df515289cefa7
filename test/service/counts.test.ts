import type { temporal as proto } from '@temporalio/proto';
import { example, useHouse } from './support/house';
import { useTemporal } from './support/temporal';

const house = useHouse();
const temporal = useTemporal();

type HistoryEvent = proto.api.history.v1.IHistoryEvent;

/** What an event is, by the name of its attributes: `activityTaskScheduled`, `markerRecorded`, … */
function typeOf(event: HistoryEvent): string {
  const attributes = Object.keys(event).find((name) => name.endsWith('EventAttributes')) ?? '';
  return attributes.replace('EventAttributes', '');
}

const summaryOf = (event: HistoryEvent): string =>
  JSON.parse(Buffer.from(event.userMetadata?.summary?.data ?? []).toString() || '""') as string;

/** The history of a run once Temporal has closed it, which is a moment after the ledger has. */
async function wholeHistory(run: string): Promise<HistoryEvent[]> {
  await temporal.client.workflow.getHandle(run).result();
  return temporal.history(run);
}

function counted(names: string[]): { [name: string]: number } {
  const counts: { [name: string]: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

// The same five calls and the approval by an update, written by hand as a workflow: a task to begin
// with, one after each call, and one for the decision.
const byHand = {
  workflowExecutionStarted: 1,
  workflowTaskScheduled: 7,
  workflowTaskStarted: 7,
  workflowTaskCompleted: 7,
  activityTaskScheduled: 5,
  activityTaskStarted: 5,
  activityTaskCompleted: 5,
  workflowExecutionUpdateAccepted: 1,
  workflowExecutionUpdateCompleted: 1,
  workflowExecutionCompleted: 1,
};

/** What a run has beyond that: none a call, and these a run. */
const beyond = {
  // The run's own limit of time runs while it works, the approval's while it waits.
  timerStarted: 2,
  timerCanceled: 2,
  // The end of a branch is written down when others are still at work.
  'markerRecorded journal': 2,
  'markerRecorded sign-off · approval': 1,
  'markerRecorded sign-off · decision': 1,
  'markerRecorded sign-off · decided': 1,
  'markerRecorded close · completed': 1,
};
/** Where the server has the search attributes: entering and leaving `waiting`. */
const searchable = { upsertWorkflowSearchAttributes: 2 };

test('a content-production run has at most twelve events more than a workflow written by hand, and none a call', async () => {
  // So far apart that each answer is a task of its own.
  await house.vendor.script({ match: 'Technical angle', then: { type: 'slow', ms: 1500 } });
  await house.vendor.script({ match: 'User angle', then: { type: 'slow', ms: 3000 } });
  const id = await house.start(example('content-production'), { topic: 'heat pumps' });
  const { approval } = await house.waiting(id);
  await house.decide(approval.id, { decision: 'approve' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', usage: { modelCalls: 5 } });

  const events = await wholeHistory(id);
  const seen = counted(
    events.map((event) =>
      event.markerRecordedEventAttributes == null ? typeOf(event) : `${typeOf(event)} ${summaryOf(event)}`,
    ),
  );
  const upserts = 'upsertWorkflowSearchAttributes' in seen ? searchable : {};
  expect(seen).toEqual({ ...byHand, ...beyond, ...upserts });
  const more = Object.values({ ...beyond, ...searchable }).reduce((sum, count) => sum + count, 0);
  expect(more).toBeLessThanOrEqual(12);
}, 90_000);

test('a step that only shapes data is one event, and no task of its own', async () => {
  const steps = (count: number) => ({
    name: 'shapes',
    flow: {
      type: 'sequence',
      steps: Array.from({ length: count }, (_, index) => ({ type: 'set', value: index })),
    },
  });
  const countsOf = async (count: number) => {
    const id = await house.start(steps(count));
    expect(await house.ended(id)).toMatchObject({ status: 'completed' });
    return counted((await wholeHistory(id)).map(typeOf));
  };
  const [two, seven] = [await countsOf(2), await countsOf(7)];
  expect(seven).toEqual({ ...two, markerRecorded: (two['markerRecorded'] ?? 0) + 5 });
}, 60_000);

test('no stack trace is taken of the promises of a run', async () => {
  const id = await house.start({
    name: 'held',
    flow: { type: 'approval', title: 'Go on?', risk: 'high' },
  });
  const { approval } = await house.waiting(id);
  expect(await temporal.client.workflow.getHandle(id).query('__stack_trace')).toBe('');
  await house.decide(approval.id, { decision: 'approve' });
  expect(await house.ended(id)).toMatchObject({ status: 'completed' });
}, 30_000);
