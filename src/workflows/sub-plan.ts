import type { PlanNode } from '../contract/skeleton';
import type { Value } from '../contract/value';
import { inChild } from './isolated';
import type { Node } from './node';
import type { Outcome } from './outcome';
import type { RunState } from './run-state';

/**
 * Runs another plan in a child workflow. It knows its input and what it may spend, and nothing of the
 * steps around it.
 */
export function runPlan(
  run: RunState,
  node: Node,
  { step: { plan, manifest }, input }: { step: PlanNode; input: Value },
): Promise<Outcome> {
  const { budgets, vendorWaitMs } = node;
  const names = { input, previous: input, run: node.names['run'] ?? { inline: null } };
  const inherited = { names, preceding: [], handed: [], budgets, vendorWaitMs, steps: [] };
  return inChild(run, node, {
    ...{ key: node.path, workflowType: 'plan', plan: true, summary: plan, manifest, input, inherited },
    skeleton: () => Promise.resolve({ manifest }),
  });
}
