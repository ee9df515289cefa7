import type { PlanNode } from '../../contract/skeleton';
import { isNothing } from '../../contract/value';
import type { Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Runs another plan, on what the step gives it: without a word of its own the task of a worker, else the previous output. */
export async function plan(step: PlanNode, scope: Scope): Promise<Outcome> {
  if (step.input !== undefined) return scope.plan(step, await scope.value(step.input));
  const task = scope.lookup('task');
  return scope.plan(step, isNothing(task) ? scope.lookup('previous') : task);
}
