import { chainOf } from '../support/chain';
import { openHouse, planOf, type House } from '../support/house';
import { temporalTools, type TemporalTools } from '../support/temporal';

let house: House;
let temporal: TemporalTools;
beforeAll(async () => {
  [house, temporal] = await Promise.all([
    openHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } }),
    temporalTools(),
  ]);
}, 120_000);
afterAll(() => Promise.all([house.close(), temporal.close()]), 60_000);
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
