import type { Block } from '../contract/activities';
import { evaluate } from './activities';
import { childNode, running, type Node, type Running } from './node';
import { completed, isFinished, outputOf, type Outcome } from './outcome';
import type { RunState } from './run-state';
import { guard, startStep, willRun, work } from './step';

/** Carries out, in a workflow of its own, a step whose frame the workflow around it keeps. */
export function carryOut(
  run: RunState,
  root: Node,
  { path, handed }: { path: string; handed: Block[] },
): Running {
  const { flow } = run.skeleton;
  const node = childNode(root, flow, path, { handed });
  note(run, node, flow.type);
  return running(node, () => work(run, node, flow, willRun));
}

/** Carries out, in a workflow of its own, the plan that a step of another plan runs. Its flow stands inside that step. */
export function carryOutPlan(run: RunState, root: Node, path: string): Running {
  const node = childNode(root, {}, path, {});
  note(run, node, 'plan');
  return running(node, () => wholePlan(run, node));
}

async function wholePlan(run: RunState, node: Node): Promise<Outcome> {
  const { flow, checksOutput } = run.skeleton;
  const outcome = await startStep(run, node, flow, 'flow', {}).outcome;
  if (!isFinished(outcome)) return outcome;
  // What is less than it should be stands with the steps inside.
  const value = outputOf(outcome);
  if (!checksOutput) return completed(value);
  const about = { run: run.reference, path: node.path, type: 'output', value } as const;
  return guard(node, async () => {
    await run.gate.pass(node.clock, () => evaluate(about, `${node.path} · output`));
    return completed(value);
  });
}

function note(run: RunState, node: Node, type: string): void {
  const { path } = node;
  node.parent?.progress.inside.set(path, node.progress);
  run.steps.set(path, { path, type, status: 'running' });
}
