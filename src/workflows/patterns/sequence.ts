import type { Block } from '../../contract/activities';
import type { SequenceNode } from '../../contract/skeleton';
import { nothing } from '../../contract/value';
import { completed, isFinished, outputOf, type Outcome } from '../outcome';
import { pathOf, type Scope } from '../scope';

/** Runs the steps in order; the output of each that was not skipped is `previous` for the next. */
export async function sequence(step: SequenceNode, scope: Scope): Promise<Outcome> {
  let output = nothing;
  let previous = scope.lookup('previous');
  const preceding: Block[] = [];
  let handed = scope.handed;
  for (const [index, child] of step.steps.entries()) {
    const place = child.id ?? `steps.${String(index)}`;
    const outcome = await scope.run(child, place, { names: { previous }, preceding: [...preceding], handed });
    if (!isFinished(outcome)) return { ...outcome, value: output };
    if (outcome.type === 'skipped') continue;
    output = previous = outputOf(outcome);
    preceding.push({ name: `steps.${child.id ?? pathOf(scope.path, place)}.output`, value: output });
    // What the surrounding pattern hands in is for the first step that works with it.
    handed = [];
  }
  return completed(output);
}
