import type { SetNode } from '../../contract/skeleton';
import { completed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Shapes data without a model. */
export async function set(step: SetNode, scope: Scope): Promise<Outcome> {
  return completed(await scope.value(step.value));
}
