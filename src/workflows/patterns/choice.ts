import type { ChoiceNode } from '../../contract/skeleton';
import { nothing } from '../../contract/value';
import { completed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Takes the first case whose condition holds, without asking anybody. */
export async function choice(step: ChoiceNode, scope: Scope): Promise<Outcome> {
  const { handed } = scope;
  for (const [index, { when, step: child }] of step.cases.entries())
    if (await scope.holds(when)) return scope.run(child, `cases.${String(index)}`, { handed });
  if (step.otherwise === undefined) return completed(nothing);
  return scope.run(step.otherwise, 'otherwise', { handed });
}
