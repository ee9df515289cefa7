import type { Draft } from '../../src/contract/advice-api';
import type { PlanList } from '../../src/contract/plans-api';
import type { z } from 'zod';
import { eventually } from '../support/eventually';
import { useHouse } from './support/house';

const house = useHouse();

/** Asks for a draft and waits until it is there, or is given up. */
async function drafted(goal: string): Promise<Draft> {
  const { status, body } = await house.service.request('POST', '/v1/plans/draft', { goal });
  expect(status).toBe(201);
  const { run } = body as Draft;
  return eventually(
    'the plan is written',
    async () => {
      const now = (await house.service.request('GET', `/v1/plans/drafts/${run}`)).body as Draft;
      return now.plan === null && now.error === null ? undefined : now;
    },
    60_000,
  );
}
const bad = { plan: 'name: bad\nflow: { type: agent, agent: nobody, prompt: Say it. }\n', reason: 'So.' };

test('writes a plan that validates in a run of its own, and neither stores nor runs it', async () => {
  const draft = await drafted('Compare the filings of several companies');
  expect(draft).toMatchObject({ valid: true, errors: [], status: 'completed', usage: { modelCalls: 1 } });
  expect(draft.plan).toMatchObject({ flow: { type: 'parallel' } });
  expect(draft.usage.costUsd).toBeGreaterThan(0);
  expect(draft.estimate?.modelCalls).toMatchObject({ min: 2, expected: 4 });
  const plans = (await house.service.request('GET', '/v1/plans')).body as z.infer<typeof PlanList>;
  expect(plans.items).toEqual([]);
  const runs = (await house.service.request('GET', '/v1/runs')).body as { items: { id: string }[] };
  expect(runs.items.map(({ id }) => id)).toEqual([draft.run]);
  const written = await house.start(draft.plan, { goal: 'Compare them' });
  expect((await house.ended(written)).status).toBe('completed');
}, 90_000);

test('gives what is wrong with the plan back to the planner, at most twice', async () => {
  await house.vendor.script({ match: 'for Ada', times: 2, then: { type: 'answer', json: bad } });
  const draft = await drafted('A letter for Ada');
  expect(draft).toMatchObject({ valid: true, usage: { modelCalls: 3 } });
  const { calls } = await house.step(draft.run, 'root');
  const told = calls.map(({ prompt }) => prompt?.messages.at(-1)?.text ?? '');
  expect(told.filter((text) => text.includes('There is no agent'))).toHaveLength(2);

  await house.vendor.script({ match: 'for Grace', times: 9, then: { type: 'answer', json: bad } });
  const never = await drafted('A letter for Grace');
  expect(never).toMatchObject({ plan: null, error: { code: 'invalid_output' }, usage: { modelCalls: 3 } });
}, 90_000);

test('knows nothing of runs that write no plans', async () => {
  const run = await house.start({ name: 'small', flow: { type: 'set', value: { plan: 'name: x' } } });
  await house.ended(run);
  expect((await house.service.request('GET', `/v1/plans/drafts/${run}`)).status).toBe(404);
}, 60_000);
