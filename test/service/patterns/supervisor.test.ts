import { ask, planOf, useHouse } from '../support/house';
import { decisionOf } from './deciding';

// Goes on as a new Temporal run after every few steps: what is decided must be found again.
const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '2' } });
beforeEach(() => house.vendor.clearScript());

const supervisor = (mark: string, workers: string[], rest: object = {}) => ({
  type: 'supervisor',
  supervisor: 'reader',
  prompt: `Get it done. ${mark}`,
  workers: Object.fromEntries(
    workers.map((name) => [name, { description: `For ${name}.`, step: ask(`Work as ${name}. ${mark}`) }]),
  ),
  ...rest,
});
const decides = (mark: string, then: ReturnType<typeof decisionOf>, times = 1) =>
  house.vendor.script({ match: `Get it done. ${mark}`, times, then });
const works = (name: string, mark: string, text: string, times = 1) =>
  house.vendor.script({ match: `Work as ${name}. ${mark}`, times, then: { type: 'answer', text } });
const roomy = { limits: { costUsd: 5, modelCalls: null, tokens: null } };
const ended = async (flow: unknown) => house.ended(await house.start(planOf(flow, roomy)));

test('assigns to workers, accepts one result, has another tried again with feedback, and finishes', async () => {
  const assignments = [
    { worker: 'one', task: 'Find the figures.' },
    { worker: 'two', task: 'Draw the graph.' },
  ];
  await decides('s1', decisionOf({ assignments }));
  const verdicts = [
    { assignment: 'a1', verdict: 'accept' },
    { assignment: 'a2', verdict: 'retry', feedback: 'The axis has no name.' },
  ];
  await decides('s1', decisionOf({ verdicts }));
  await decides('s1', decisionOf({ finished: true, answer: 'All done.' }));
  const run = await ended(supervisor('s1', ['one', 'two']));
  expect(run).toMatchObject({
    status: 'completed',
    result: { output: 'All done.', incomplete: [] },
    usage: { modelCalls: 6 },
  });
  for (const path of ['a1.1', 'a2.1', 'a2.2'])
    expect(await house.step(run.id, path)).toMatchObject({ status: 'completed' });
  expect(run.result?.decisions).toMatchObject([
    { step: 'supervisor.1', kind: 'supervisor', agent: 'reader', stateVersion: 0 },
    { step: 'supervisor.2', stateVersion: 2 },
    { step: 'supervisor.3', stateVersion: 3 },
  ]);
  const questions = await house.asked('Get it done. s1');
  expect(questions[0]).toContain('For two.');
  expect(questions[1]).toContain('"attempt":1');
  const tried = await house.asked('Work as two. s1');
  expect(tried[0]).toContain('Draw the graph.');
  expect(tried[0]).not.toContain('The axis has no name.');
  expect(tried[1]).toContain('The axis has no name.');
}, 90_000);

test('gives an assignment to another worker, and by reassignAfter to the next in plan order', async () => {
  await decides('s2', decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
  await decides('s2', decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'reassign', worker: 'three' }] }));
  await decides('s2', decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'retry' }] }));
  await decides('s2', decisionOf({ finished: true, answer: 'Done.' }));
  const run = await ended(supervisor('s2', ['one', 'two', 'three'], { reassignAfter: 1 }));
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 7 } });
  expect(await house.asked('Work as one. s2')).toHaveLength(2);
  expect(await house.asked('Work as three. s2')).toHaveLength(1);
  const overruled = [{ assignment: 'a1', verdict: 'retry', became: 'reassign', worker: 'one' }];
  expect(run.result?.decisions).toContainEqual(
    expect.objectContaining({ step: 'supervisor.3', by: 'policy', decision: { overruled } }),
  );
}, 90_000);

test('sees a failed worker as a result, and may go on without it', async () => {
  const assignments = ['one', 'two'].map((worker) => ({ worker, task: 'Do it.' }));
  await decides('s3', decisionOf({ assignments }));
  await house.vendor.script({ match: 'Work as one. s3', times: 10, then: { type: 'refusal' } });
  await works('two', 's3', 'made');
  await decides('s3', decisionOf({ finished: true }));
  const final = { type: 'set', value: '{{ assignments }}' };
  const run = await ended(supervisor('s3', ['one', 'two'], { final }));
  expect(run).toMatchObject({
    status: 'partial',
    result: {
      output: [
        { id: 'a1', worker: 'one', task: 'Do it.', status: 'not_approved', output: null },
        { id: 'a2', worker: 'two', task: 'Do it.', status: 'accepted', output: 'made' },
      ],
      incomplete: [{ step: 'a1', code: 'not_approved' }],
    },
  });
  expect((await house.asked('Get it done. s3'))[1]).toContain('"status":"failed"');
}, 90_000);

test.each([
  ['retry', 's4', undefined],
  ['reassign', 's5', 'one'],
])(
  'ends at its rounds where every verdict is %s',
  async (verdict, mark, worker) => {
    await decides(mark, decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
    const verdicts = [{ assignment: 'a1', verdict, ...(worker === undefined ? {} : { worker }) }];
    await decides(mark, decisionOf({ verdicts }), 100);
    for (const n of [1, 2, 3, 4, 5]) await works('one', mark, `version ${String(n)}`);
    const run = await ended(supervisor(mark, ['one'], { maxRounds: 4 }));
    expect(run).toMatchObject({
      status: 'partial',
      result: { output: {}, incomplete: [{ step: 'root', code: 'rounds_exhausted' }] },
      usage: { modelCalls: 9 },
    });
  },
  90_000,
);

test('ends at its assignments where it never finishes, with what it accepted', async () => {
  await decides('s6', decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
  const more = [1, 2, 3].map((n) => ({ worker: 'one', task: `Do it again, ${String(n)}.` }));
  await decides('s6', decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'accept' }], assignments: more }));
  await decides('s6', decisionOf({ assignments: more }), 100);
  await works('one', 's6', 'made', 10);
  const run = await ended(supervisor('s6', ['one'], { maxAssignments: 3 }));
  expect(run).toMatchObject({
    status: 'partial',
    result: { output: { a1: 'made' }, incomplete: [{ step: 'root', code: 'rounds_exhausted' }] },
    usage: { modelCalls: 6 },
  });
}, 90_000);

test('a worker that brings the same three times ends it as a loop', async () => {
  await decides('s7', decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
  await decides(
    's7',
    decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'retry', feedback: 'No.' }] }),
    100,
  );
  await works('one', 's7', 'the same', 100);
  const run = await ended(supervisor('s7', ['one'], { maxRounds: 50 }));
  expect(run).toMatchObject({
    status: 'partial',
    result: { output: {}, incomplete: [{ step: 'root', code: 'loop_detected' }] },
    usage: { modelCalls: 6 },
  });
}, 90_000);

test('an acceptance that a check speaks against counts as another try, and is recorded as overruled', async () => {
  await decides('s14', decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
  await decides(
    's14',
    decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'accept', feedback: 'Fine.' }] }),
  );
  await decides('s14', decisionOf({ finished: true, answer: 'Done.' }), 2);
  await works('one', 's14', 'no');
  await works('one', 's14', 'long enough by now');
  const checks = [{ minWords: 3, message: 'Three words at least.' }];
  const run = await ended(
    supervisor('s14', ['one'], { checks, final: { type: 'set', value: '{{ assignments }}' } }),
  );
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 5 } });
  expect(run.result?.output).toMatchObject([{ status: 'accepted', output: 'long enough by now' }]);
  expect(run.result?.decisions).toContainEqual(
    expect.objectContaining({
      by: 'policy',
      decision: { overruled: [{ assignment: 'a1', verdict: 'accept', became: 'retry' }] },
    }),
  );
  expect((await house.asked('Work as one. s14'))[1]).toContain('Three words at least.');
  expect((await house.asked('Get it done. s14'))[1]).toContain('"passed":false');
  await decides('s15', decisionOf({ assignments: [{ worker: 'one', task: 'Do it.' }] }));
  await decides(
    's15',
    decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'accept' }], finished: true, answer: 'So.' }),
  );
  await works('one', 's15', 'short');
  expect(await ended(supervisor('s15', ['one'], { checks }))).toMatchObject({
    status: 'partial',
    result: { output: 'So.', incomplete: [{ step: 'a1', code: 'not_approved' }] },
  });
}, 90_000);

test('a decision that orders nothing is a round, too', async () => {
  await decides('s8', decisionOf({}), 100);
  const run = await ended(supervisor('s8', ['one'], { maxRounds: 3 }));
  expect(run).toMatchObject({ status: 'partial', result: { output: {} }, usage: { modelCalls: 4 } });
}, 90_000);

test.each([
  ['an unknown worker', 's9', decisionOf({ assignments: [{ worker: 'nobody', task: 'Do it.' }] })],
  ['an unknown assignment', 's10', decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'accept' }] })],
  ['an end without an answer', 's11', decisionOf({ finished: true })],
])(
  'asks again where it names %s, twice and no more',
  async (_, mark, then) => {
    await decides(mark, then, 100);
    const run = await ended(supervisor(mark, ['one']));
    expect(run).toMatchObject({
      status: 'failed',
      result: { error: { code: 'invalid_output' } },
      usage: { modelCalls: 3 },
    });
  },
  90_000,
);

test('a person decides on what it escalates, with everything that was tried in view', async () => {
  const flow = supervisor('s12', ['one']);
  const assignments = [1, 2, 3].map((n) => ({ worker: 'one', task: `Part ${String(n)}.` }));
  await decides('s12', decisionOf({ assignments }));
  const verdicts = ['a1', 'a2', 'a3'].map((assignment) => ({
    assignment,
    verdict: 'escalate',
    feedback: 'Odd.',
  }));
  await decides('s12', decisionOf({ verdicts }));
  await decides('s12', decisionOf({ verdicts: [{ assignment: 'a1', verdict: 'accept' }] }));
  await house.vendor.script({ match: 'Part 1.', then: { type: 'answer', text: 'as asked for' } });
  const id = await house.start(
    planOf({ type: 'sequence', steps: [{ id: 'build', ...flow, maxRounds: 2 }] }, roomy),
  );
  const answers = [
    { decision: 'retry', comment: 'Take the short way.' },
    { decision: 'answer', content: 'by hand' },
    { decision: 'skip' },
  ];
  for (const answer of answers) {
    const { approval } = await house.waiting(id);
    const { assignment, task, why, history } = approval.content as Record<string, unknown>;
    expect({ why, task }).toEqual({ why: 'Odd.', task: `Part ${String(assignment).slice(1)}.` });
    expect(history).toHaveLength(1);
    const mine = answers[Number(String(assignment).slice(1)) - 1] ?? answer;
    expect(await house.decide(approval.id, mine)).toMatchObject({ status: 200 });
  }
  const run = await house.ended(id);
  expect(run.result?.incomplete).toMatchObject([{ step: 'build', code: 'rounds_exhausted' }]);
  expect((run.result?.output as { a2: string }).a2).toBe('by hand');
  expect((await house.asked('Work as one. s12')).at(-1)).toContain('Take the short way.');
}, 90_000);

test('workers may bear the names of what every object has', async () => {
  const names = ['constructor', 'toString', 'final'];
  await decides('s13', decisionOf({ assignments: names.map((worker) => ({ worker, task: 'Do it.' })) }));
  await decides('s13', decisionOf({ finished: true, answer: 'Done.' }));
  expect(await ended(supervisor('s13', names))).toMatchObject({
    status: 'completed',
    usage: { modelCalls: 5 },
  });
}, 90_000);
