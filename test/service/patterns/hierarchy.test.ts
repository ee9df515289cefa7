import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';
import { decisionOf } from './deciding';

const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '2' } });
const temporal = useTemporal();
beforeEach(() => house.vendor.clearScript());

const agent = (instructions: string) => ({
  ...{ model: 'claude-haiku', instructions, rateLimit: 100_000 },
  retry: { initialDelay: '10ms', maxDelay: '10ms' },
});
const agents = {
  manager: agent('You manage.'),
  north: agent('You lead the north.'),
  south: agent('You lead the south.'),
  writer: agent('You write.'),
};
const team = (supervisor: string, mark: string, rest: object = {}) => ({
  ...{ description: `For the ${supervisor}.`, supervisor },
  workers: { scribe: { description: 'Writes.', step: ask(`Write for the ${supervisor}. ${mark}`) } },
  ...rest,
});
const hierarchy = (mark: string, teams: object, rest: object = {}) => ({
  ...{ type: 'hierarchy', manager: 'manager', prompt: `Get it done. ${mark}`, teams },
  ...rest,
});
const roomy = { costUsd: 5, modelCalls: null, tokens: null };
const start = (flow: unknown, limits: object = roomy) => house.start(planOf(flow, { agents, limits }));
const says = (match: string, decision: Parameters<typeof decisionOf>[0], times = 1) =>
  house.vendor.script({ match, times, then: decisionOf(decision) });
const writes = (mark: string, text: string) =>
  house.vendor.script({ match: mark, times: 9, then: { type: 'answer', text } });

test('a manager hands work to teams, whose supervisors hand it on, and judges what they bring', async () => {
  await says('You manage.', {
    assignments: [
      { worker: 'north', task: 'Report on the north.' },
      { worker: 'south', task: 'Report on the south.' },
    ],
  });
  for (const side of ['north', 'south']) {
    await says(`You lead the ${side}.`, { assignments: [{ worker: 'scribe', task: `Write ${side}.` }] });
    await says(`You lead the ${side}.`, { finished: true, answer: `The ${side} is fine.` });
    await writes(`Write for the ${side}. h1`, `text of the ${side}`);
  }
  await says('You manage.', { finished: true, answer: 'All is fine.' });
  const teams = { north: team('north', 'h1'), south: team('south', 'h1') };
  const id = await start(hierarchy('h1', teams));
  const run = await house.ended(id);
  expect(run).toMatchObject({
    ...{ status: 'completed', usage: { modelCalls: 8 } },
    result: { output: 'All is fine.', incomplete: [] },
  });
  expect(run.result?.decisions).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ step: 'manager.1', kind: 'manager', agent: 'manager' }),
      expect.objectContaining({ step: 'a1.1.supervisor.1', kind: 'supervisor', agent: 'north' }),
    ]) as object,
  );
  const [, second] = await house.asked('Get it done. h1', 'You manage.');
  expect(second).toContain('The north is fine.');
  const [asked] = await house.asked('Report on the south.', 'You lead the south.');
  expect(asked).toContain('Report on the south.');
  expect(await house.step(id, 'a2.1.a1.1')).toMatchObject({
    status: 'completed',
    output: 'text of the south',
  });
  expect(await temporal.newest(`${id}/a1.1`)).toMatchObject({ status: 'COMPLETED' });
}, 60_000);

test('a team that fails is a result for the manager, and not the end of the run', async () => {
  const task = { worker: 'north', task: 'Report.' };
  await says('You manage.', { assignments: [task] });
  await house.vendor.script({ match: 'You lead the north.', then: { type: 'error', status: 400 } });
  await says('You manage.', { verdicts: [{ assignment: 'a1', verdict: 'reassign', worker: 'south' }] });
  await says('You lead the south.', { finished: true, answer: 'from the south' });
  await says('You manage.', { finished: true, answer: 'done by another' });
  const teams = { north: team('north', 'h2'), south: team('south', 'h2') };
  const run = await house.ended(await start(hierarchy('h2', teams)));
  expect(run).toMatchObject({ status: 'completed', result: { output: 'done by another' } });
  const [, second] = await house.asked('Get it done. h2', 'You manage.');
  expect(second).toContain('vendor_error');
}, 60_000);

test('every open assignment may use an equal share of what is left, and what one leaves is there for the next', async () => {
  // Of 9 calls the manager takes one: with two assignments open each has 4, and the north wants more.
  await says('You manage.', {
    assignments: [
      { worker: 'north', task: 'One. h3' },
      { worker: 'south', task: 'Two. h3' },
    ],
  });
  await says('You lead the north.', { assignments: [{ worker: 'scribe', task: 'More.' }] }, 9);
  await says('You lead the south.', { finished: true, answer: 'short' });
  await house.vendor.script({
    match: 'Write for the north. h3',
    times: 9,
    then: { type: 'answer', text: 'x' },
  });
  await says('You manage.', { verdicts: [{ assignment: 'a1', verdict: 'retry', feedback: 'Less.' }] });
  const teams = { north: team('north', 'h3'), south: team('south', 'h3') };
  const run = await house.ended(await start(hierarchy('h3', teams), { ...roomy, modelCalls: 9 }));
  // 1 + 4 + 1 + 1, and what is left to the second try are the last 2.
  expect(run).toMatchObject({ status: 'partial', usage: { modelCalls: 9 } });
  expect(await house.asked('One. h3', 'You lead the north.')).toHaveLength(3);
  expect(run.result?.incomplete.map(({ code }) => code)).toContain('budget_exceeded');
}, 60_000);

test('teams may have teams, and one that is never satisfied ends at its cap', async () => {
  await says('You manage.', { assignments: [{ worker: 'all', task: 'Everything.' }] });
  await says('You lead the north.', { assignments: [{ worker: 'south', task: 'Below. h4' }] });
  const again = { verdicts: [{ assignment: 'a1', verdict: 'retry', feedback: 'Again.' }] };
  await says('You lead the south.', { assignments: [{ worker: 'scribe', task: 'Text.' }] });
  await says('You lead the south.', again, 50);
  for (let n = 1; n <= 9; n++)
    await house.vendor.script({
      match: 'Write for the south. h4',
      then: { type: 'answer', text: `version ${String(n)}` },
    });
  await says('You lead the north.', { finished: true, answer: 'from below' });
  await says('You manage.', { finished: true, answer: 'from all' });
  const teams = { all: { supervisor: 'north', teams: { south: team('south', 'h4') } } };
  const run = await house.ended(await start(hierarchy('h4', teams)));
  expect(run).toMatchObject({
    ...{ status: 'partial', result: { output: 'from all' } },
    result: { incomplete: [{ step: 'a1.1.a1.1', code: 'rounds_exhausted' }] },
  });
  expect(await house.asked('Write for the south. h4')).toHaveLength(5);
  expect(await house.asked('Below. h4', 'You lead the south.')).toHaveLength(6);
}, 60_000);

test.each([
  [{ north: { supervisor: 'north' } }, '/flow/teams/north'],
  [{ north: { supervisor: 'nobody', workers: { one: { step: ask('x') } } } }, '/flow/teams/north/supervisor'],
  [{ north: team('north', 'h5', { budget: 3 }) }, '/flow/teams/north/budget'],
  [{}, '/flow/teams'],
])('teams that make no sense are refused: %j', async (teams, path) => {
  const plan = planOf(hierarchy('h5', teams), { agents });
  const { body } = await house.service.request('POST', '/v1/plans/validate', plan);
  expect(body).toMatchObject({ valid: false, errors: [{ path }] });
});
