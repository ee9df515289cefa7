import { ask, planOf, useHouse } from '../support/house';

const house = useHouse();
beforeEach(() => house.vendor.clearScript());

const gate = (mark: string, checks: unknown, rest: object = {}) => ({
  type: 'sequence',
  steps: [
    { type: 'set', value: 'Short.' },
    {
      ...{ type: 'review', id: 'gate', reviewer: 'reader', prompt: `Is it good? ${mark}`, checks },
      ...{ revise: ask(`Mend it. ${mark}`), onExhausted: 'flag', ...rest },
    },
  ],
});
const ended = async (flow: unknown) => house.ended(await house.start(planOf(flow), { least: 3 }));

test('a failed check is an issue for the revision, and no reviewer is asked until all pass', async () => {
  await house.vendor.script({
    match: 'Mend it. c1',
    then: { type: 'answer', text: 'Now it is long enough.' },
  });
  await house.vendor.script({
    match: 'Is it good? c1',
    then: { type: 'answer', json: { approved: true, issues: [] } },
  });
  const run = await ended(gate('c1', [{ minWords: 4 }, { condition: 'output.size > input.least' }]));
  expect(run).toMatchObject({ status: 'completed', result: { output: 'Now it is long enough.' } });
  const mending = await house.asked('Mend it. c1');
  expect(mending).toHaveLength(1);
  expect(mending[0]).toContain('It has 1 words; it must have at least 4.');
  expect(await house.asked('Is it good? c1')).toHaveLength(1);
}, 60_000);

test('no model overrules a check: what never passes ends at the cap, unasked', async () => {
  await house.vendor.script({
    match: 'Mend it. c2',
    times: 9,
    then: { type: 'answer', text: 'Still short.' },
  });
  const run = await ended(gate('c2', [{ minWords: 40 }], { maxRevisions: 2 }));
  expect(run).toMatchObject({
    status: 'partial',
    result: {
      output: 'Still short.',
      incomplete: [
        { step: 'gate', code: 'not_approved', reason: 'The last version did not pass its checks.' },
      ],
    },
  });
  expect(await house.asked('Mend it. c2')).toHaveLength(2);
  expect(await house.asked('Is it good? c2')).toHaveLength(0);
}, 60_000);

test('a check that can not be run fails the step', async () => {
  const run = await ended(gate('c3', [{ condition: 'output > 3' }]));
  expect(run).toMatchObject({
    status: 'failed',
    result: { error: { code: 'invalid_condition', step: 'gate' } },
  });
  expect(await house.asked('c3')).toHaveLength(0);
}, 60_000);

test.each([
  [{ regex: '(a)\\1' }, '/regex', 'invalid_schema'],
  [{ schema: { type: 'objekt' } }, '/schema/type', 'invalid_schema'],
  [{ condition: 'output.size >' }, '/condition', 'invalid_condition'],
  [{ condition: 'outputs.size > 3' }, '/condition', 'unknown_name'],
  [{ minWords: 1, maxWords: 2 }, '', 'validation_failed'],
  [{}, '', 'validation_failed'],
  [{ minWord: 1 }, '/minWord', 'unknown_field'],
  [{ contains: [] }, '/contains', 'validation_failed'],
])('%j is refused before anything runs', async (check, place, code) => {
  const answer = await house.service.request('POST', '/v1/plans/validate', planOf(gate('c4', [check])));
  const { errors } = answer.body as { errors: { path: string; code: string }[] };
  expect(errors).toContainEqual(expect.objectContaining({ path: `/flow/steps/1/checks/0${place}`, code }));
});
