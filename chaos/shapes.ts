import { callMark } from './vendor';

/** A plan of the harness, and what a run of it must come to. */
export interface Shape {
  name: string;
  plan: object;
  /** The steps that call a model, once each. */
  calls: string[];
  /** How many decisions of a person it waits for. */
  approvals: number;
}

const agents = {
  writer: {
    model: 'claude-sonnet',
    instructions: 'You write.',
    // Nothing but the faults of a round is to hold a call up: no rate is met here.
    rateLimit: 1_000_000,
    // As often as a round's faults may strike one call.
    retry: { maxRetries: 20, initialDelay: '200ms', maxDelay: '2s' },
  },
};

const ask = (step: string): object => ({
  id: step,
  type: 'agent',
  agent: 'writer',
  prompt: `Write two sentences. ${callMark(step)}`,
});

function shape(name: string, flow: object, rest: Pick<Shape, 'calls' | 'approvals'>): Shape {
  const limits = { costUsd: 5, tokens: 1_000_000, modelCalls: 500 };
  return { name, plan: { name: `chaos-${name}`, version: '1.0.0', agents, limits, flow }, ...rest };
}

const links = ['a', 'b', 'c', 'd', 'e'];
const branches = ['x', 'y', 'z'];

/** The runs that the harness starts, by name. */
export const shapes = {
  /** One call: the cheapest run there is. */
  one: shape('one', ask('only'), { calls: ['only'], approvals: 0 }),
  /** Five calls after each other. */
  chain: shape('chain', { type: 'sequence', steps: links.map(ask) }, { calls: links, approvals: 0 }),
  /** Three calls side by side, then one. */
  fan: shape(
    'fan',
    {
      type: 'sequence',
      steps: [
        {
          id: 'fan',
          type: 'parallel',
          require: 'all',
          branches: Object.fromEntries(branches.map((each) => [each, unnamed(each)])),
        },
        ask('sum'),
      ],
    },
    { calls: [...branches, 'sum'], approvals: 0 },
  ),
  /** A call, a person, a call. */
  asked: shape(
    'asked',
    {
      type: 'sequence',
      steps: [ask('draft'), { id: 'sign-off', type: 'approval', title: 'Go on?' }, ask('after')],
    },
    { calls: ['draft', 'after'], approvals: 1 },
  ),
} satisfies Record<string, Shape>;

/** A branch has its name from the key it stands under. */
function unnamed(step: string): object {
  return { type: 'agent', agent: 'writer', prompt: `Write two sentences. ${callMark(step)}` };
}
