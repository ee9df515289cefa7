import { eventually } from '../../support/eventually';
import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

/** So many steps that each make the run go on as a new Temporal run. */
const steps = (count: number) => ({
  type: 'sequence',
  steps: Array.from({ length: count }, (_, index) => ({ type: 'set', value: index })),
});

test('an open question is asked once, however often the run goes on', async () => {
  const branches = { asked: { type: 'question', title: 'Which year?' }, rest: steps(4) };
  const { run, approval } = await house.waiting(await house.start(planOf({ type: 'parallel', branches })));
  await house.decide(approval.id, { decision: 'answer', content: '1843' });
  const ended = await house.ended(run.id);
  expect(ended).toMatchObject({ status: 'completed', result: { output: { asked: '1843', rest: 3 } } });
  expect(ended.result?.decisions).toHaveLength(1);
  expect((await chainOf(temporal, run.id)).length).toBeGreaterThan(2);
}, 60_000);

test('an escalation is asked as often as it is decided, however often the run goes on', async () => {
  await house.vendor.script({ match: 'Write it. c1', times: 2, then: { type: 'error', status: 400 } });
  await house.vendor.script({ match: 'Write it. c1', then: { type: 'answer', text: 'written' } });
  const failing = {
    ...{ type: 'sequence', onFailure: 'escalate' },
    steps: [{ type: 'approval', title: 'Go on?', content: 'x' }, ask('Write it. c1')],
  };
  const id = await house.start(planOf({ type: 'sequence', steps: [steps(3), failing] }));
  const seen = new Set<string>();
  for (const decision of ['approve', 'retry', 'approve', 'retry', 'approve']) {
    const approval = await eventually('another question', async () => {
      const one = (await house.waiting(id)).approval;
      return seen.has(one.id) ? undefined : one;
    });
    seen.add(approval.id);
    expect(await house.decide(approval.id, { decision })).toMatchObject({ status: 200 });
  }
  const ended = await house.ended(id);
  expect(ended).toMatchObject({
    ...{ status: 'completed', result: { output: 'written', incomplete: [] } },
    usage: { modelCalls: 3 },
  });
  expect(ended.result?.decisions).toHaveLength(5);
  expect((await chainOf(temporal, id)).length).toBeGreaterThan(4);
}, 60_000);
