import type { ApprovalStep, Plan, Step } from '../contract/plan';
import type { Json } from '../contract/value';
import { isObject, member, pointerTo, resolvePointer } from './json';
import { walk } from './walk';

/** Where an approval stands: its own pointer, and those of the steps before it in its line. */
interface ContentPlace {
  pointer: string;
  before: string[];
}

/** The schema that a decision's content must fit; a map of routes stands for their labels. */
export function schemaAt(plan: Json, pointer: string): Json | undefined {
  const found = resolvePointer(plan, pointer);
  return pointer.endsWith('/routes') && isObject(found) ? { enum: Object.keys(found) } : found;
}

const oneStep = /^\s*\{\{-?\s*steps\.([a-z][a-z0-9_-]*)\.output\s*-?\}\}\s*$/;
const previous = /^\s*\{\{-?\s*previous\s*-?\}\}\s*$/;

/**
 * Pointer of the schema that an edit of an approval must fit: the step's own, else that of the agent
 * whose answer it shows, where the plan tells which. Null where there is none.
 */
export function contentSchema(plan: Plan, step: ApprovalStep, place: ContentPlace): string | null {
  if (step.schema !== undefined) return pointerTo(place.pointer, 'schema');
  if (step.content === undefined || previous.test(step.content)) return schemaOfLast(plan, place.before);
  const id = oneStep.exec(step.content)?.[1];
  const made = walk(plan.flow as Json).find((visit) => id !== undefined && member(visit.step, 'id') === id);
  return made === undefined ? null : schemaOfStep(plan, made.pointer, []);
}

/** Pointer of the schema that an answer in a step's place must fit, where the plan tells; else null. */
export function answerSchema(plan: Plan, step: Step, pointer: string): string | null {
  if (step.type === 'question') return pointerTo(pointer, 'answer');
  if (step.type !== 'agent' || plan.agents[step.agent]?.output === undefined) return null;
  return pointerTo('/agents', step.agent, 'output');
}

function schemaOfLast(plan: Plan, pointers: string[]): string | null {
  const last = pointers.at(-1);
  return last === undefined ? null : schemaOfStep(plan, last, pointers.slice(0, -1));
}

function schemaOfStep(plan: Plan, pointer: string, before: string[]): string | null {
  const step = resolvePointer(plan as Json, pointer) as Step | undefined;
  // What may be skipped or replaced need not have made what is shown.
  if (step === undefined || step.when !== undefined) return null;
  if (typeof step.onFailure === 'object' && !('cached' in step.onFailure)) return null;
  switch (step.type) {
    case 'agent':
      return plan.agents[step.agent]?.output === undefined
        ? null
        : pointerTo('/agents', step.agent, 'output');
    case 'review':
      return step.of === undefined ? schemaOfLast(plan, before) : null;
    case 'approval':
      return contentSchema(plan, step, { pointer, before });
    case 'question':
      return step.onTimeout === 'skip' ? null : pointerTo(pointer, 'answer');
    case 'sequence':
      return schemaOfLast(
        plan,
        step.steps.map((_, index) => pointerTo(pointer, 'steps', index)),
      );
    case 'parallel':
    case 'set':
    case 'router':
    case 'choice':
    case 'wait':
    case 'emit':
    case 'events':
    case 'supervisor':
    case 'hierarchy':
    case 'refine':
    case 'debate':
    case 'plan':
      return null;
  }
}
