import { ask, planOf, useHouse } from '../support/house';

const house = useHouse();

/** The same name in every place that takes one. */
const everywhere = (name: string) => ({
  ...planOf({
    type: 'sequence',
    steps: [
      { type: 'parallel', branches: { [name]: { ...ask('A branch.'), agent: name } } },
      {
        type: 'router',
        classifier: name,
        prompt: 'Where?',
        routes: { [name]: { step: { ...ask('A route.'), agent: name } } },
      },
      {
        type: 'supervisor',
        supervisor: name,
        prompt: 'Get it done.',
        workers: { [name]: { step: { ...ask('A task.'), agent: name } } },
      },
      {
        ...{ type: 'parallel', forEach: [1], as: name },
        step: { type: 'set', value: `{{ ${name} }}` },
      },
    ],
  }),
  agents: { [name]: { model: 'claude-haiku', instructions: 'You do it.' } },
});

test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'n'.repeat(60)])(
  'agents, branches, routes, workers and items may all be called %s',
  async (name) => {
    const run = await house.ended(await house.start(everywhere(name)));
    expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 6 }, result: { output: [1] } });
  },
  60_000,
);

test.each(['naïve', '名前', '__proto__', 'a b', '1st', 'n'.repeat(64), ''])(
  'what is called %j is refused in every place, and nothing is asked',
  async (name) => {
    const before = (await house.vendor.ledger()).length;
    const plan = JSON.parse(
      JSON.stringify(everywhere('NAME')).replaceAll('"NAME"', JSON.stringify(name)),
    ) as unknown;
    const answer = await house.service.request('POST', '/v1/runs', { plan, input: {} });
    expect(answer.status).toBe(422);
    const { errors } = answer.body as { errors: { path: string }[] };
    expect(errors.length).toBeGreaterThan(0);
    expect((await house.vendor.ledger()).length).toBe(before);
  },
);

test('steps with the same prompt to the byte are calls of their own, and one that is retried is still one', async () => {
  await house.vendor.script({ match: 'The same twice.', then: { type: 'error', status: 529 } });
  const same = ask('The same twice.', { context: 'none' });
  const run = await house.ended(await house.start(planOf({ type: 'sequence', steps: [same, same] })));
  expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 3 } });
  const asked = await house.asked('The same twice.');
  expect(new Set(asked).size).toBe(1);
  expect(asked).toHaveLength(3);
  const attempts = await Promise.all(
    ['steps.0', 'steps.1'].map(async (path) =>
      (await house.step(run.id, path)).calls.map((call) => call.attempts.length),
    ),
  );
  expect(attempts).toEqual([[2], [1]]);
}, 60_000);
