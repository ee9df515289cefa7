import type { ChoiceStep, Condition, ParallelStep, Step } from '../contract/plan';
import type { Json } from '../contract/value';
import { evaluateCondition } from './condition';
import { ConditionError } from './condition-syntax';
import { member } from './json';
import { byLife, type Measuring } from './measure';
import { namesUsedByCondition } from './names';

/** Whether a condition holds, where the run's input alone tells; else null. */
export function holdsBefore(condition: Condition, { input }: Measuring): boolean | null {
  if (input === undefined || namesUsedByCondition(condition).some((name) => name !== 'input')) return null;
  try {
    return evaluateCondition(condition, { input });
  } catch (error) {
    // It can't be decided in the run either.
    if (error instanceof ConditionError) return null;
    throw error;
  }
}

/**
 * Of ways of which the first is taken whose condition holds: those that may be it. The first of them is
 * the one that is taken if no condition holds of which only the run will know.
 */
export function openWays<Way>(
  ways: { when: Condition; way: Way }[],
  otherwise: Way,
  at: Measuring,
): [Way, ...Way[]] {
  const open: Way[] = [];
  for (const { when, way } of ways) {
    const holds = holdsBefore(when, at);
    if (holds === true) return [way, ...open];
    if (holds === null) open.push(way);
  }
  return [otherwise, ...open];
}

export function openCases({ cases, otherwise }: ChoiceStep, at: Measuring): (Step | undefined)[] {
  return openWays<Step | undefined>(
    cases.map(({ when, step }) => ({ when, way: step })),
    otherwise,
    at,
  );
}

/** How much of a step counts: nothing of what is known to be skipped, and less of what may be. */
export function shareOf({ type, when, onFailure = 'fail' }: Step, at: Measuring): number {
  // Of a step that waits, the condition is asked of events.
  const holds = when === undefined || type === 'wait' ? true : holdsBefore(when, at);
  if (holds === false) return 0;
  // What fails without a call and is survived may cost nothing.
  if (holds === true) return onFailure === 'fail' ? 1 : byLife(at, 0, 1, 1);
  return byLife(at, 0, 0.5, 1);
}

/** Whether a step can end skipped: by its own condition, as whatever it chose or ran did, or by people. */
export function mayBeSkipped({ type, when, onFailure = 'fail' }: Step): boolean {
  const passesOn = ['choice', 'router', 'plan', 'approval', 'question', 'wait'].includes(type);
  return passesOn || when !== undefined || onFailure !== 'fail';
}

const wholePath = /^\s*\{\{-?\s*input((?:\.[A-Za-z_][\w-]*)*)\s*-?\}\}\s*$/;

/** How long the list of a `forEach` is: as written, as the input has it, or unknown. */
export function itemsOf({ forEach }: ParallelStep, { input, unknownItems }: Measuring): number {
  if (Array.isArray(forEach)) return forEach.length;
  const path = wholePath.exec(forEach ?? '')?.[1];
  if (path === undefined || input === undefined) return unknownItems;
  const list = path
    .split('.')
    .slice(1)
    .reduce<Json | undefined>((value, name) => member(value, name), input);
  return Array.isArray(list) ? list.length : unknownItems;
}
