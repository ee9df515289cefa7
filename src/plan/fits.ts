import type { Condition } from '../contract/plan';
import { evaluateCondition } from './condition';
import { ConditionError } from './condition-syntax';
import type { NamedValues } from './template';

/** Whether an event fits a condition. One that lacks what the condition names is another event. */
export function fits(condition: Condition | null, names: NamedValues): boolean {
  if (condition === null) return true;
  try {
    return evaluateCondition(condition, names);
  } catch (error) {
    if (error instanceof ConditionError) return false;
    throw error;
  }
}
