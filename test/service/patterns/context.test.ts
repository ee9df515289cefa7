import { ask, planOf, useHouse } from '../support/house';

// Each ended step makes the run go on as a new Temporal run.
const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
beforeEach(() => house.vendor.clearScript());

/** So long that no context of 100 tokens holds it. */
const long = (mark: string) => `${mark} says: ${'a word, '.repeat(100)}`;
const made = (id: string, mark: string) => ({ id, type: 'set', value: long(mark) });
const inOrder = (...steps: unknown[]) => ({ type: 'sequence', steps });
const little = { context: { maxTokens: 100 } };
const ended = async (flow: unknown, rest?: object) => house.ended(await house.start(planOf(flow, rest)));
const calls = async (mark: string) =>
  (await house.vendor.ledger())
    .map(({ model, messages }) => ({ model, text: messages.map(({ text }) => text).join('\n') }))
    .filter(({ text }) => text.includes(mark));
/** Calls that sum up a text with a mark, and those that do not. */
async function asked(mark: string) {
  const all = await calls(mark);
  const sumsUp = ({ text }: { text: string }) => text.includes('Sum up the data blocks');
  return { summaries: all.filter(sumsUp), others: all.filter((call) => !sumsUp(call)) };
}
const sumUp = (mark: string) =>
  house.vendor.script({ match: `${mark} says`, then: { type: 'answer', text: `In short: ${mark}.` } });

test('what is too long is shown as one summary, which is a call like others', async () => {
  await sumUp('c1');
  const run = await ended(
    inOrder(made('first', 'c1'), made('second', 'c1'), { id: 'draft', ...ask('Go on. c1', little) }),
  );
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } });
  expect(run.budget.modelCalls.used).toBe(2);
  const { summaries, others } = await asked('c1');
  expect(summaries).toHaveLength(1);
  expect(summaries[0]?.model).toContain('haiku');
  expect(summaries[0]?.text).toContain('steps.first.output');
  expect(summaries[0]?.text).toContain('steps.second.output');
  expect(others).toHaveLength(1);
  expect(others[0]?.text).toContain('In short: c1.');
  expect(others[0]?.text).not.toContain('a word');
  const { calls: listed } = await house.step(run.id, 'draft');
  expect(listed.map(({ agent }) => agent)).toEqual(['summarizer', 'writer']);
}, 60_000);

test('an agent that is tried and asked again is shown the summary that there is', async () => {
  await sumUp('c2');
  await house.vendor.script({ match: 'Answer. c2', then: { type: 'error', status: 529 } });
  await house.vendor.script({ match: 'Answer. c2', times: 2, then: { type: 'wrong_schema' } });
  const agents = {
    ...{ writer: { model: 'claude-sonnet', instructions: 'You write.', retry: { initialDelay: '10ms' } } },
    summarizer: { model: 'claude-opus', instructions: 'You sum up.' },
  };
  Object.assign(agents.writer, { output: { type: 'object', required: ['yes'] } });
  const run = await ended(inOrder(made('first', 'c2'), ask('Answer. c2', little)), { agents });
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 5 } });
  const { summaries, others } = await asked('c2');
  expect(summaries.map(({ model }) => model)).toEqual([expect.stringContaining('opus')]);
  expect(others).toHaveLength(4);
  for (const { text } of others) expect(text).toContain('In short: c2.');
}, 60_000);

test('all who are to see the same at a step are shown one summary', async () => {
  await sumUp('c3');
  const panel = { type: 'debate', panel: ['writer', 'reader', 'writer'], judge: 'reader', prompt: 'Who? c3' };
  const run = await ended(inOrder(made('first', 'c3'), { ...panel, ...little }));
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 5 } });
  expect((await asked('c3')).summaries).toHaveLength(1);
}, 60_000);

test('branches that go on as new Temporal runs while they sum up pay each summary once', async () => {
  const step = ask('Entry {{ item }} of c4', { context: 'summary' });
  const run = await ended(
    inOrder(made('first', 'c4'), { type: 'parallel', forEach: [1, 2, 3, 4], concurrency: 3, step }),
    { limits: { modelCalls: 100, costUsd: 5 } },
  );
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 8 } });
  const { summaries, others } = await asked('c4');
  expect([summaries.length, others.length]).toEqual([4, 4]);
}, 120_000);

test('a summary that no budget holds ends the step before its agent is asked', async () => {
  const run = await ended(
    inOrder(
      made('first', 'c5'),
      { id: 'a', ...ask('First. c5', { context: 'none' }) },
      ask('Then. c5', little),
    ),
    {
      limits: { modelCalls: 1 },
    },
  );
  expect(run).toMatchObject({
    status: 'partial',
    result: { incomplete: [{ step: 'steps.2.summary.1', code: 'budget_exceeded' }] },
  });
  expect(await calls('Then. c5')).toHaveLength(0);
}, 60_000);

describe('a workspace', () => {
  const workspace = { context: 'workspace' };
  const write = (match: string, text: string) =>
    house.vendor.script({ match, then: { type: 'answer', text } });
  const large = 'written at length, '.repeat(300);

  test('is read by all and added to by each, also by branches at once and in large', async () => {
    await write('Open. w1', 'the opening');
    await write('Left. w1', `left: ${large}`);
    await write('Right. w1', `right: ${large}`);
    const branches = { left: ask('Left. w1', workspace), right: ask('Right. w1', workspace) };
    const run = await ended(
      inOrder(
        { id: 'open', ...ask('Open. w1', workspace) },
        { id: 'sides', type: 'parallel', branches },
        { id: 'alone', ...ask('Alone. w1', { context: 'none' }) },
        { id: 'close', ...ask('Close. w1', workspace) },
        { id: 'all', type: 'set', value: '{{ workspace }}' },
      ),
      { limits: { costUsd: 5, tokens: null } },
    );
    expect(run).toMatchObject({ status: 'completed' });
    expect(Object.keys(run.result?.output as object)).toEqual(['open', 'sides.left', 'sides.right', 'close']);
    const shown = async (path: string) =>
      (await house.step(run.id, path)).calls[0]?.prompt?.messages[0]?.text ?? '';
    expect(await shown('sides.left')).toContain('the opening');
    expect(await shown('sides.left')).not.toContain('right:');
    const close = await shown('close');
    expect(close).toContain(`right: ${large}`);
    const names = [...close.matchAll(/<data name="([^"]*)"/g)].map(([, name]) => name);
    expect(names).toEqual(['workspace.open', 'workspace.sides.left', 'workspace.sides.right']);
    const [alone] = await calls('Alone. w1');
    expect(alone?.text).toBe('Alone. w1');
  }, 60_000);

  test('is carried into a child workflow, and what is added there comes back', async () => {
    const inner = inOrder({ id: 'in', ...ask('In. w3', workspace) }, ask('Second. w3', workspace));
    const run = await ended(
      inOrder(
        { id: 'open', ...ask('Open. w3', workspace) },
        { ...inner, id: 'apart', isolate: true },
        { id: 'close', ...ask('Close. w3', workspace) },
        { id: 'all', type: 'set', value: '{{ workspace }}' },
      ),
    );
    const sections = ['open', 'apart.in', 'apart.steps.1', 'close'];
    expect(Object.keys(run.result?.output as object)).toEqual(sections);
    const { calls: made } = await house.step(run.id, 'apart.in');
    expect(made[0]?.prompt?.messages[0]?.text).toContain('workspace.open');
  }, 60_000);

  test('is the plan’s word for all agents, and those that judge only read it', async () => {
    await house.vendor.script({
      match: 'Good? w2',
      then: { type: 'answer', json: { approved: true, issues: [] } },
    });
    const gate = { id: 'gate', type: 'review', reviewer: 'reader', prompt: 'Good? w2' };
    const run = await ended(
      inOrder({ id: 'a', ...ask('A. w2') }, { id: 'b', ...ask('B. w2 {{ workspace.a | size }}') }, gate, {
        id: 'all',
        type: 'set',
        value: '{{ workspace }}',
      }),
      workspace,
    );
    expect(Object.keys(run.result?.output as object)).toEqual(['a', 'b']);
    expect((await calls('Good? w2'))[0]?.text).toContain('workspace.a');
  }, 60_000);
});
