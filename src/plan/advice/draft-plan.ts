import type { Json } from '../../contract/value';
import { planPage } from '../../reference/plan-page';
import { isUsable, type Models } from '../check-models';
import { usualModel } from './skeletons';

/** What runs that write plans are known by. */
export const draftingPlanName = 'plan-draft';
/** The agent of `draftingPlan` whose answers hold a plan, which is judged as plans are. */
export const draftingAgent = 'planner';

/**
 * The plan by which a plan is written: one agent that knows the language. A run of it is like any
 * other: priced, bounded, journaled, and to be seen in every list.
 */
export function draftingPlan(models: Models): { [field: string]: Json } {
  return {
    name: draftingPlanName,
    version: '1.0.0',
    description: 'Writes a plan for a goal. The service runs it to answer POST /v1/plans/draft.',
    input: {
      type: 'object',
      required: ['goal'],
      additionalProperties: false,
      properties: { goal: { type: 'string', minLength: 3 } },
    },
    agents: {
      [draftingAgent]: {
        model: usualModel(models),
        instructions: instructionsFor(models),
        // As a text: the language holds itself, and vendors enforce no schema that does. What the
        // text says is judged by the language's own schema and meaning where the answer is read.
        output: {
          type: 'object',
          required: ['plan', 'reason'],
          additionalProperties: false,
          properties: {
            plan: { type: 'string', description: 'The whole plan, as YAML.' },
            reason: { type: 'string', description: 'Why this pattern, in a sentence or two.' },
          },
        },
        maxOutputTokens: 8000,
        timeout: '180s',
      },
    },
    limits: { costUsd: 0.5, modelCalls: 12, tokens: null, timeout: '15m', onExceeded: 'fail' },
    flow: {
      type: 'agent',
      id: 'draft',
      agent: draftingAgent,
      prompt: 'Write a plan for this goal: {{ input.goal }}',
      context: 'none',
    },
  };
}

function instructionsFor({ catalog, usable }: Models): string {
  const names = catalog
    .list()
    .filter(({ model }) => model.price !== null && isUsable(model, usable))
    .map(({ name }) => name);
  return [
    'You write plans in the plan language that is described below. Take the simplest pattern that serves the goal; give every agent one task; set limits.costUsd to what the goal is worth. Give the plan an `input` schema, and use nothing of `input` that it does not declare. Name only models of this list: ' +
      `${names.join(', ')}.`,
    planPage(),
  ].join('\n\n');
}
