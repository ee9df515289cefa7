import { limits } from '../contract/limits';
import { childPath, type Node } from './node';
import type { Reaction } from './progress';
import type { RunState } from './run-state';
import { isWithin } from './scope';

/**
 * Drops what the run remembers of an event that was handled: its steps, its approvals, and where many
 * were incomplete all but their number. The ledger has them.
 */
export function forgetHandled(
  run: RunState,
  node: Node,
  { reaction, place }: { reaction: Reaction; place: string },
): void {
  const handled = childPath(node, place);
  node.progress.ended.delete(handled);
  for (const path of run.steps.keys()) if (isWithin(path, handled)) run.steps.delete(path);
  run.approvals.forget(handled);
  const noted = run.incomplete.filter(({ step }) => isWithin(step, handled));
  const [last] = noted.slice(-1);
  const inAll = run.incomplete.filter(({ step }) => isWithin(step, node.path));
  if (last === undefined || inAll.length <= limits.eventsIncompleteMax) return;
  const { surplus } = reaction;
  const count = (surplus?.count ?? 0) + noted.length;
  const entry = { ...last, reason: `${last.reason} (the last of ${String(count)} like it)` };
  const isDropped = (step: string, reason: string) =>
    isWithin(step, handled) || (step === surplus?.entry.step && reason === surplus.entry.reason);
  run.incomplete = [...run.incomplete.filter(({ step, reason }) => !isDropped(step, reason)), entry];
  reaction.surplus = { entry, count };
}
