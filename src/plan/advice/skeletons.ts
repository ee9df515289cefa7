import type { RecommendedPattern } from '../../contract/advice-api';
import type { Json } from '../../contract/value';
import type { Models } from '../check-models';
import { isUsable } from '../check-models';

interface Parts {
  agents: { [name: string]: string };
  flow: Json;
}

const goal = 'The goal: {{ input.goal }}';
const ask = (agent: string, prompt: string, more: { [field: string]: Json } = {}): Json => ({
  ...{ type: 'agent', agent, prompt: `${prompt} ${goal}` },
  ...more,
});

/** A team of one who may be given several parts, within a share of the run's budget. */
const team = (description: string, worker: string): Json => ({
  ...{ description, supervisor: 'lead' },
  workers: { [worker]: { description, step: ask(worker, 'Your part: {{ task }}') } },
  limits: { costUsd: 0.08, modelCalls: 8, tokens: 20_000 },
});

const skeletons: { [pattern in RecommendedPattern]: Parts } = {
  sequence: {
    agents: {
      gatherer: 'You gather what is needed for a goal.',
      writer: 'You make the result of what was gathered.',
    },
    flow: {
      type: 'sequence',
      steps: [
        ask('gatherer', 'Gather what is needed.', { id: 'gather' }),
        ask('writer', 'Make the result of what was gathered.', { id: 'result' }),
      ],
    },
  },
  refine: {
    agents: {
      writer: 'You make the result that is asked for.',
      judge: 'You score results and say what would make them better.',
    },
    flow: {
      type: 'refine',
      generator: ask('writer', 'Make the result.'),
      evaluator: 'judge',
      prompt: `How well does this serve its goal? ${goal}`,
      criteria: ['It serves the goal.', 'It is complete.'],
      threshold: 8,
      maxIterations: 3,
    },
  },
  hierarchy: {
    agents: {
      manager: 'You hand work to teams and judge what they report. You do none of it yourself.',
      lead: 'You lead a team: you hand out parts of its work, judge them, and answer with its result.',
      researcher: 'You find out what is asked.',
      writer: 'You write what is asked.',
    },
    flow: {
      type: 'hierarchy',
      manager: 'manager',
      prompt: `Have this done. ${goal}`,
      teams: {
        research: team('Finds things out.', 'researcher'),
        writing: team('Writes things up.', 'writer'),
      },
      maxRounds: 2,
      maxAssignments: 2,
      final: ask('writer', 'Put the accepted assignments together.'),
    },
  },
  supervisor: {
    agents: {
      lead: 'You split work, hand the parts out and judge what comes back. You do none of it yourself.',
      researcher: 'You find out what is asked.',
      writer: 'You write what is asked.',
    },
    flow: {
      type: 'supervisor',
      supervisor: 'lead',
      prompt: `Have this done. ${goal}`,
      workers: {
        research: { description: 'Finds things out.', step: ask('researcher', 'Your part: {{ task }}') },
        writing: { description: 'Writes things up.', step: ask('writer', 'Your part: {{ task }}') },
      },
      maxRounds: 3,
      maxAssignments: 4,
      final: ask('writer', 'Put the accepted assignments together.'),
    },
  },
  parallel: {
    agents: {
      specialist: 'You work on one part of a goal.',
      editor: 'You put parts together as one result.',
    },
    flow: {
      type: 'parallel',
      branches: {
        first: ask('specialist', 'Work on the first part.'),
        second: ask('specialist', 'Work on the second part.'),
        third: ask('specialist', 'Work on the third part.'),
      },
      reduce: ask('editor', 'Put the parts together. {{ branches }}'),
    },
  },
  router: {
    agents: {
      sorter: 'You choose who should answer. You never answer yourself.',
      generalist: 'You answer simple requests.',
      expert: 'You answer hard requests.',
    },
    flow: {
      type: 'router',
      classifier: 'sorter',
      prompt: `Who should do this? ${goal}`,
      minConfidence: 0.6,
      routes: {
        simple: { description: 'What anybody can answer.', step: ask('generalist', 'Answer.') },
        hard: { description: 'What needs an expert.', step: ask('expert', 'Answer.') },
      },
      otherwise: ask('expert', 'Answer.'),
    },
  },
};

/** The smallest plan of a pattern that is worth being changed into one's own. */
export function skeletonPlan(pattern: RecommendedPattern, model: string): { [field: string]: Json } {
  const { agents, flow } = skeletons[pattern];
  return {
    name: `${pattern}-skeleton`,
    version: '0.1.0',
    description: `A start for a plan of the pattern ${pattern}.`,
    input: {
      type: 'object',
      required: ['goal'],
      additionalProperties: false,
      properties: { goal: { type: 'string', minLength: 3 } },
    },
    agents: Object.fromEntries(
      Object.entries(agents).map(([name, instructions]) => [
        name,
        { model, instructions, maxOutputTokens: 1500 },
      ]),
    ),
    limits: { costUsd: 0.5, modelCalls: 40 },
    flow,
  };
}

const firstChoice = 'claude-sonnet';

/** A model that can be called and has a price: the usual one, else the first there is. */
export function usualModel({ catalog, usable }: Models): string {
  const first = catalog.resolve(firstChoice);
  if (first !== null && isUsable(first, usable)) return firstChoice;
  const other = catalog.list().find(({ model }) => model.price !== null && isUsable(model, usable));
  return other?.name ?? firstChoice;
}
