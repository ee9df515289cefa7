import type { RegisteredAgent } from '../../../src/contract/agents-api';
import { chainOf } from '../support/chain';
import { ask, planOf, useHouse } from '../support/house';
import { useTemporal } from '../support/temporal';

// Every run goes on as a new Temporal run after each step that ends.
const house = useHouse({ env: { FERMATA_CONTINUE_AFTER_STEPS: '1' } });
const temporal = useTemporal();

const says = (match: string, answer: object) =>
  house.vendor.script({ match, then: { type: 'answer', ...answer } });
const chosen = {
  ...{ model: 'claude-haiku', instructions: 'You are chosen.', retry: { maxRetries: 0 } },
  select: [
    { when: 'input.text.size > 20', model: ['claude-opus', 'claude-sonnet'] },
    { when: { any: ['input.tier == "premium"', 'previous == "serious"'] }, model: 'claude-sonnet' },
  ],
};
const started = (flow: object, input: object, rest: object = {}) =>
  house.start(planOf(flow, { agents: { chosen }, ...rest }), input);
const chosenAsk = (prompt: string, rest: object = {}) => ask(prompt, { agent: 'chosen', ...rest });
const short = { text: 'short', tier: 'usual' };
const long = { text: 'longer than twenty characters', tier: 'usual' };
const modelsAsked = async (words: string) =>
  (await house.vendor.ledger())
    .filter(
      ({ path, messages }) => path === '/v1/messages' && messages.some(({ text }) => text.includes(words)),
    )
    .map(({ model }) => model);

test('the first condition that holds says which models are asked, and none leaves the agent its own', async () => {
  const flow = {
    type: 'sequence',
    steps: [chosenAsk('One. s1'), { type: 'set', value: 'serious' }, chosenAsk('Two. s1', { isolate: true })],
  };
  await says('One. s1', { text: 'one' });
  await says('Two. s1', { text: 'two' });
  const id = await started(flow, short);
  expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'two' } });
  const [root] = await house.steps(id);
  const details = await Promise.all((root?.children ?? []).map(({ path }) => house.step(id, path)));
  expect(details.map(({ model, calls }) => [model, calls.map(({ selected }) => selected)])).toEqual([
    ['claude-haiku-5-5', [null]],
    [null, []],
    ['claude-sonnet-5-5', [2]],
  ]);
  expect((await chainOf(temporal, id)).length).toBeGreaterThan(1);
}, 60_000);

test('what was selected stays selected, while the run goes on between tries and models', async () => {
  await house.vendor.script({
    match: 'Try. s2',
    model: 'claude-opus-5-5',
    then: { type: 'error', status: 400 },
  });
  await house.vendor.script({ match: 'Try. s2', times: 2, then: { type: 'wrong_schema' } });
  const output = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
  const flow = {
    type: 'parallel',
    branches: {
      asked: chosenAsk('Try. s2'),
      rest: { type: 'sequence', steps: Array.from({ length: 8 }, () => ({ type: 'set', value: 1 })) },
    },
  };
  const id = await started(flow, long, { agents: { chosen: { ...chosen, output } } });
  expect(await house.ended(id)).toMatchObject({ status: 'completed', usage: { modelCalls: 4 } });
  const again = ['claude-sonnet-5-5', 'claude-sonnet-5-5', 'claude-sonnet-5-5'];
  expect(await modelsAsked('Try. s2')).toEqual(['claude-opus-5-5', ...again]);
  const { calls } = await house.step(id, 'asked');
  expect(calls.map(({ selected }) => selected)).toEqual([1, 1, 1, 1]);
}, 60_000);

test('the agents of patterns are selected for, and the registry tells of all models', async () => {
  const decision = { route: 'there', confidence: 1, reason: 'the only one' };
  await says('Which? s3', { json: decision });
  const routes = { there: { step: { type: 'set', value: 'taken' } } };
  const flow = { type: 'router', classifier: 'chosen', prompt: 'Which? s3', routes };
  const plan = planOf(flow, { name: 'selecting', agents: { chosen } });
  expect((await house.service.request('POST', '/v1/plans', plan)).status).toBe(201);
  for (const input of [long, long, short]) {
    await says('Which? s3', { json: decision });
    expect(await house.ended(await house.start('selecting', input))).toMatchObject({
      result: { output: 'taken' },
    });
  }
  const { body } = await house.service.request('GET', '/v1/agents');
  const { items } = body as { items: RegisteredAgent[] };
  expect(items).toMatchObject([
    {
      models: ['claude-haiku'],
      select: [
        { when: 'input.text.size > 20', models: ['claude-opus', 'claude-sonnet'] },
        { models: ['claude-sonnet'] },
      ],
      figures: {
        models: [
          { model: 'claude-opus-5-5', calls: 2 },
          { model: 'claude-haiku-5-5', calls: 1 },
        ],
      },
    },
  ]);
}, 60_000);

test('the budget must hold the call of the model that is selected', async () => {
  await says('Cost. s4', { text: 'cheap' });
  const agents = { chosen: { ...chosen, minOutputTokens: 4096 } };
  // The answer alone costs 0.002 at the cheap model, and 0.08 at the dear one.
  const limits = { costUsd: 0.02 };
  const dear = await house.ended(await started(chosenAsk('Cost. s4'), long, { agents, limits }));
  expect(dear).toMatchObject({
    ...{ status: 'partial', usage: { modelCalls: 0 } },
    result: { incomplete: [{ code: 'budget_exceeded' }] },
  });
  const cheap = await house.ended(await started(chosenAsk('Cost. s4'), short, { agents, limits }));
  expect(cheap).toMatchObject({ status: 'completed' });
  expect(await modelsAsked('Cost. s4')).toEqual(['claude-haiku-5-5']);
}, 60_000);

test('a condition that yields neither true nor false fails the step, and nobody is asked', async () => {
  const select = [{ when: 'input.tier', model: 'claude-opus' }];
  const flow = chosenAsk('Never. s5', { onFailure: { value: '{{ error.code }}: {{ error.message }}' } });
  const run = await house.ended(await started(flow, short, { agents: { chosen: { ...chosen, select } } }));
  expect(run.result?.output).toBe(
    'invalid_condition: /agents/chosen/select/0/when: input.tier is a string, not true or false.',
  );
  expect(await modelsAsked('Never. s5')).toEqual([]);
}, 60_000);
