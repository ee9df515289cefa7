import { useHouse } from './support/house';
import { agents, scriptAgents } from './support/steadfast';

type Step = { type: string } & { [field: string]: unknown };

const house = useHouse();
beforeAll(() => scriptAgents(house, 'there'));

const said = (name: string): Step => ({ type: 'agent', agent: name, prompt: 'Say something.' });
const value: Step = { type: 'set', value: 'a text' };

interface Nested {
  step: Step;
  /** Requests that reach the vendor. */
  calls: number;
}

/** Flows of the plans that other plans run. */
const inside: { name: string; flow: Step }[] = [];
let plans = 0;

/** Patterns that hold a step, and what they ask beside it. */
const around: { [pattern: string]: (inner: Nested) => Nested } = {
  sequence: ({ step, calls }) => ({ step: { type: 'sequence', steps: [step, value] }, calls }),
  parallel: ({ step, calls }) => ({
    step: { type: 'parallel', forEach: [1, 2], step },
    calls: 2 * calls,
  }),
  choice: ({ step, calls }) => ({ step: { type: 'choice', cases: [{ when: true, step }] }, calls }),
  router: ({ step, calls }) => ({
    step: { type: 'router', classifier: 'sorter', prompt: 'Where?', routes: { there: { step } } },
    calls: 1 + calls,
  }),
  // Refused, revised, and refused again.
  review: ({ step, calls }) => ({
    step: {
      ...{ type: 'review', reviewer: 'strict', of: 'a text', revise: step },
      ...{ maxRevisions: 1, onExhausted: 'flag' },
    },
    calls: 2 + calls,
  }),
  refine: ({ step, calls }) => ({
    step: { type: 'refine', generator: step, evaluator: 'glad', criteria: 'Any.' },
    calls: calls + 1,
  }),
  // One decision that assigns, one that is finished.
  supervisor: ({ step, calls }) => ({
    step: {
      ...{ type: 'supervisor', supervisor: 'lead', prompt: 'Get it done.', context: 'none' },
      workers: { one: { description: 'Does it.', step } },
    },
    calls: 2 + calls,
  }),
  // The same of the manager and of the team's supervisor.
  hierarchy: ({ step, calls }) => ({
    step: {
      ...{ type: 'hierarchy', manager: 'lead', prompt: 'Get it done.', context: 'none' },
      teams: { one: { supervisor: 'lead', workers: { two: { step } } } },
    },
    calls: 4 + calls,
  }),
  // All emit the same: each takes one.
  events: ({ step, calls }) => ({
    step: {
      type: 'sequence',
      steps: [
        { type: 'emit', event: 'told' },
        { type: 'events', handlers: { told: step }, until: { maxEvents: 1 } },
      ],
    },
    calls,
  }),
  isolate: ({ step, calls }) => ({ step: { type: 'sequence', isolate: true, steps: [step] }, calls }),
  plan({ step, calls }) {
    const name = `inside-${String(++plans)}`;
    inside.push({ name, flow: step });
    return { step: { type: 'plan', plan: name }, calls };
  },
  onFailure: ({ step, calls }) => ({ step: { ...said('broken'), onFailure: { step } }, calls: 1 + calls }),
};

/** Steps that hold no other. */
const leaves: Nested[] = [
  { step: said('writer'), calls: 1 },
  { step: { ...said('writer'), risk: 'low' }, calls: 1 },
  { step: { type: 'debate', panel: ['writer', 'glad'], judge: 'judge', prompt: 'Is it?' }, calls: 3 },
  { step: { type: 'approval', title: 'Go on?', content: 'a text', risk: 'low' }, calls: 0 },
  { step: { type: 'wait', for: '1ms' }, calls: 0 },
  { step: { type: 'emit', event: 'reached', data: 'a text' }, calls: 0 },
  { step: value, calls: 0 },
];

const patterns = Object.entries(around);
const never = (): never => {
  throw new Error('There is no such pattern.');
};

test.each(patterns.map(([name, outer], column) => ({ name, outer, column })))(
  '$name holds every other pattern that holds another, and makes the calls that the plan implies',
  async ({ outer, column }) => {
    const branches = patterns.map(([name, middle], row) => {
      // Over all patterns outside, each stands once in the middle around every other inside.
      const [, inner] = patterns[(row + column) % patterns.length] ?? patterns[0] ?? never();
      const leaf = leaves[(row + column) % leaves.length] ?? never();
      return [`in_${name}`, outer(middle(inner(leaf)))] as const;
    });
    const steps = branches.map(([name, { step }]) => [name, step]);
    // Those in others were named before them.
    for (const { name, flow } of inside.splice(0)) {
      const stored = { name, version: '1.0.0', agents, context: 'none', flow };
      expect((await house.service.request('POST', '/v1/plans', stored)).status).toBe(201);
    }
    const before = (await house.vendor.ledger()).length;
    const plan = {
      ...{ name: 'every-pattern', version: '1.0.0', agents },
      limits: { costUsd: 100, tokens: null, modelCalls: null, depth: 12 },
      context: 'none',
      flow: { type: 'parallel', concurrency: 8, branches: Object.fromEntries(steps) as object },
    };
    const run = await house.ended(await house.start(plan), 240_000);
    const expected = branches.reduce((sum, [, { calls }]) => sum + calls, 0);
    const asked = (await house.vendor.ledger()).slice(before).filter(({ path }) => path === '/v1/messages');
    // What a review lets pass unapproved is said in the result, and nothing else is missing.
    expect(new Set(run.result?.incomplete.map(({ code }) => code))).toEqual(
      new Set(run.status === 'partial' ? ['not_approved'] : []),
    );
    expect(run.result?.error).toBeNull();
    expect({ calls: asked.length, used: run.usage.modelCalls }).toEqual({ calls: expected, used: expected });
  },
  260_000,
);
