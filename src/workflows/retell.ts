import { CancellationScope, condition } from '@temporalio/workflow';
import type { Frame } from './node';
import type { Outcome } from './outcome';
import type { EndedStep, Progress } from './progress';
import { remember } from './record';
import type { RunState } from './run-state';

interface Told {
  path: string;
  known: EndedStep;
  /** Where templates find it; null where no other step does. */
  frame: Frame | null;
}

/**
 * Tells a pattern what became of a step that ended in an earlier Temporal run. Steps beside each other
 * are told of in the order in which they ended, each when everything that follows from the one before
 * has happened, so that the pattern takes every turn that it took then.
 */
export async function retell(
  run: RunState,
  { untold }: Progress,
  { path, known, frame }: Told,
): Promise<Outcome> {
  if (untold[0] !== path) await CancellationScope.nonCancellable(() => condition(() => untold[0] === path));
  untold.shift();
  run.untold--;
  if (frame !== null) remember(frame, known);
  return known.outcome;
}
