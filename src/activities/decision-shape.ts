import { z } from 'zod';
import type { Choices } from '../contract/steer';
import { decisionShapes, type DecisionOf, type Role } from '../contract/decisions';
import type { Json } from '../contract/value';
import { isObject, type JsonObject } from '../plan/json';
import { moved } from '../plan/move-schema';

/** What of the plan and the run a decision may name, and the shape of its answer. */
export interface Bounds {
  /** Routes, workers or teams. */
  names: string[];
  choices: Choices | undefined;
  /** JSON Schema of `answer`: the `output` of the agent that decides. */
  answer: Json | undefined;
}

/** JSON Schema of what a controlling agent must answer here. */
export function decisionShape(role: Role, bounds: Bounds): JsonObject {
  const shape = z.toJSONSchema(decisionShapes[role]) as JsonObject;
  const properties = shape['properties'] as { [name: string]: Json };
  return { ...shape, properties: { ...properties, ...narrowed(role, bounds) } };
}

function narrowed(role: Role, { names, choices, answer = { type: 'string' } }: Bounds): JsonObject {
  switch (role) {
    case 'classifier':
      return { route: { enum: names } };
    case 'judge':
      return { answer: moved(answer, '#/properties/answer') };
    case 'supervisor':
    case 'manager':
      return {
        verdicts: listOf({
          assignment: { enum: choices?.open ?? [] },
          verdict: { enum: ['accept', 'retry', 'reassign', 'escalate'] },
          worker: { enum: [...names, null] },
          feedback: { type: 'string' },
        }),
        assignments: listOf({ worker: { enum: names }, task: { type: 'string', minLength: 1 } }),
        answer: { anyOf: [moved(answer, '#/properties/answer/anyOf/0'), { type: 'null' }] },
      };
    default:
      return {};
  }
}

/** A list of objects with just these members; an empty one where a member can have no value. */
function listOf(properties: { [name: string]: JsonObject }): JsonObject {
  const impossible = Object.values(properties).some(
    ({ enum: values }) => Array.isArray(values) && values.length === 0,
  );
  if (impossible) return { type: 'array', maxItems: 0 };
  return {
    type: 'array',
    items: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  };
}

/** What is wrong with a decision that has its shape, in sentences that its agent can act on. */
export function contradictions(role: Role, decision: Json, choices: Choices | undefined): string[] {
  if ((role !== 'supervisor' && role !== 'manager') || !isObject(decision)) return [];
  const { verdicts, assignments, finished, answer } = decision as unknown as DecisionOf<'supervisor'>;
  const judged = verdicts.map(({ assignment }) => assignment);
  return [
    ...(finished && assignments.length > 0
      ? ['/assignments must be empty where /finished is true, or /finished must be false.']
      : []),
    ...(finished && answer === null && choices?.final !== true
      ? ['/answer must be given where /finished is true.']
      : []),
    ...verdicts.flatMap(({ verdict }, index) =>
      finished && verdict !== 'accept'
        ? [`/verdicts/${String(index)}/verdict must be accept where /finished is true.`]
        : [],
    ),
    ...verdicts.flatMap(({ verdict, worker }, index) =>
      verdict === 'reassign' && worker === null
        ? [`/verdicts/${String(index)}/worker must name who gets the assignment.`]
        : [],
    ),
    ...judged.flatMap((assignment, index) =>
      judged.indexOf(assignment) < index
        ? [`/verdicts/${String(index)}/assignment has a verdict already: ${assignment}.`]
        : [],
    ),
  ];
}
