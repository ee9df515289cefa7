import {
  CancellationScope,
  CancelledFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
  ChildWorkflowCancellationType,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Block, Budget } from '../contract/activities';
import { limits } from '../contract/limits';
import { endSignal } from '../contract/messages';
import type { Skeleton, StepNode } from '../contract/skeleton';
import { addUsage, noUsage } from '../contract/usage';
import type { Json, Names, Value } from '../contract/value';
import {
  childKey,
  childWorkflowId,
  pathOfChild,
  type ChildArgument,
  type StartArgument,
} from '../contract/workflow';
import { evaluate } from './activities';
import type { ChildEnd } from './children';
import { endingOf, type Frame, type Node } from './node';
import { failed, type Outcome } from './outcome';
import { noteIncomplete, type RunState } from './run-state';
import type { Section } from './workspace';

/** What a step in a child workflow takes over from the steps around it. */
export interface Inherited {
  names: Names;
  preceding: Block[];
  handed: Block[];
  /** What templates inside can name. */
  steps: [id: string, value: Value][];
  budgets: Budget[];
  vendorWaitMs: number;
  /** What agents share by now; absent where nothing is written. */
  workspace?: Section[];
}

/** What a child workflow carries out: a step of the same plan, or a plan of its own. */
export interface Passed extends Pick<StartArgument, 'manifest' | 'input'>, Pick<ChildArgument, 'plan'> {
  /** What its parent knows it by. */
  key: string;
  workflowType: string;
  /** The plan's name, for Temporal's own views. */
  summary: string;
  inherited: Inherited;
  skeleton(): Promise<StartArgument['skeleton']>;
}

/** Carries a step out in a child workflow with a history of its own. */
export function isolated(run: RunState, node: Node, step: StepNode): Promise<Outcome> {
  return inChild(run, node, {
    key: childKey(node.path, step.type === 'parallel' ? step.group : undefined),
    workflowType: step.type,
    summary: run.skeleton.plan.name,
    manifest: run.reference.manifest,
    input: run.input,
    inherited: inheritedBy(node),
    skeleton: () => skeletonOf(run, node, step),
  });
}

/**
 * Has a child workflow carry out what stands at a node, and waits for its end. The child tells what it
 * waits for, so that the clocks of the steps around it stand still meanwhile; where the step is ended,
 * so is the child.
 */
export async function inChild(run: RunState, node: Node, passed: Passed): Promise<Outcome> {
  const { key } = passed;
  if (!run.children.isKnown(key)) await run.gate.pass(node.clock, () => start(run, node, passed));
  try {
    await untilEnded(run, node, key);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      await endChild(run, node, key);
      await untilEnded(run, node, key);
    });
  }
  return heard(run, node, key);
}

async function start(run: RunState, node: Node, passed: Passed): Promise<void> {
  if (CancellationScope.current().consideredCancelled)
    throw new CancelledFailure('The step was ended before its child workflow began.');
  const { path } = node;
  const { key, workflowType, summary, manifest, input, plan } = passed;
  const { tenant, run: id } = run.reference;
  const { createdAt, continueAfterSteps, branchesHereMax } = run.argument;
  const child: ChildArgument = {
    path,
    ...(key === path ? {} : { key }),
    ...(plan === undefined ? {} : { plan }),
    parent: run.workflowId,
    inherited: await kept(run, node, passed.inherited as unknown as Json),
    journal: run.journal.numbers(),
    stateVersion: run.stateVersion,
  };
  const argument: StartArgument = {
    ...{ tenant, run: id, manifest, createdAt, input, child, searchAttributes: false },
    skeleton: await passed.skeleton(),
    localInTurn: true,
    ...(continueAfterSteps === undefined ? {} : { continueAfterSteps }),
    ...(branchesHereMax === undefined ? {} : { branchesHereMax }),
  };
  run.children.open(key);
  await CancellationScope.nonCancellable(async () => {
    try {
      const handle = await startChild(workflowType, {
        workflowId: childWorkflowId(id, key),
        args: [argument],
        // After a reset the one that was started before may still be at work, for a workflow that is gone
        // and on steps that the ledger has taken back. What it has paid for is there for this one.
        workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
        // It must outlive this Temporal run, which may be continued as another.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: `${summary} · ${key}`,
      });
      // It tells its end itself, by signal. One that can't was terminated.
      handle.result().catch((error: unknown) => {
        lose(run, key, error);
      });
    } catch (error) {
      // As histories have it in which the one of before a reset went on, and its end was this one's.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  });
}

/** A child that ended without a word: what it has made is in the ledger, and the step has failed. */
function lose(run: RunState, key: string, error: unknown): void {
  if (run.children.end(key) !== null) return;
  const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'It is gone.';
  const end: ChildEnd = {
    outcome: failed(pathOfChild(key), 'workflow_failed', `The child workflow ended in Temporal: ${why}`),
    ...{ usage: noUsage, incomplete: [], journal: run.journal.numbers(), versions: 0 },
  };
  run.children.receive({ path: key, end });
}

function inheritedBy(node: Node): Inherited {
  const { names, preceding, handed, budgets, vendorWaitMs } = node;
  const steps = new Map<string, Value>();
  for (let frame: Frame | null = node.frame; frame !== null; frame = frame.parent)
    for (const [id, value] of frame.steps) if (!steps.has(id)) steps.set(id, value);
  const workspace = node.workspace.sections();
  const shared = workspace.length === 0 ? {} : { workspace };
  return { names, preceding, handed, budgets, vendorWaitMs, steps: [...steps], ...shared };
}

/** The plan's skeleton around just this step. What its frame says is kept by the parent. */
async function skeletonOf(run: RunState, node: Node, step: StepNode): Promise<Skeleton | { ref: string }> {
  const flow: StepNode = { ...step, onFailure: { type: 'fail' } };
  delete flow.id;
  delete flow.when;
  // Of a question to people it says how long they may take, and not the step.
  if (flow.type !== 'approval' && flow.type !== 'question') delete flow.timeoutMs;
  delete flow.limits;
  delete flow.isolate;
  const whole: Skeleton = { ...run.skeleton, flow };
  const stored = await kept(run, node, whole as unknown as Json);
  return 'ref' in stored ? { ref: stored.ref } : whole;
}

async function kept(run: RunState, node: Node, json: Json): Promise<Value> {
  if (JSON.stringify(json).length <= limits.composedBytesMax) return { inline: json };
  const about = { run: run.reference, path: node.path, type: 'store', value: { inline: json } } as const;
  const stored = await CancellationScope.nonCancellable(() => evaluate(about, `${node.path} · child`));
  if (stored.type !== 'value') throw new Error(`Asked for a value, got a ${stored.type}.`);
  return 'ref' in stored.value ? { ...stored.value, preview: '' } : stored.value;
}

/** Waits as the child does: for a person, an event or a vendor no clock runs. */
async function untilEnded(run: RunState, { clock }: Node, key: string): Promise<void> {
  const isOver = () => run.children.end(key) !== null;
  for (;;) {
    await condition(() => isOver() || run.children.waitingFor(key) !== null);
    const reason = run.children.waitingFor(key);
    if (isOver()) return;
    if (reason === null) continue;
    await clock.wait(reason, () => condition(() => isOver() || run.children.waitingFor(key) !== reason));
  }
}

async function endChild(run: RunState, node: Node, key: string): Promise<void> {
  if (run.children.end(key) !== null) return;
  const child = getExternalWorkflowHandle(childWorkflowId(run.reference.run, key));
  const ending = endingOf(node);
  try {
    await (ending === null ? child.cancel() : child.signal(endSignal, ending));
  } catch (error) {
    // Nobody is there to be ended: it ended without a word, in an earlier Temporal run of this one.
    lose(run, key, error);
  }
}

function heard(run: RunState, { frame }: Node, key: string): Outcome {
  const end = run.children.end(key);
  if (end === null) throw new Error(`The child at ${key} has not ended.`);
  run.children.forget(key);
  run.usage = addUsage(run.usage, end.usage);
  run.journal.follow(end.journal);
  run.stateVersion += end.versions;
  for (const [section, value] of end.sections ?? []) run.workspace.write(section, value);
  for (const [id, value] of end.steps ?? []) frame.steps.set(id, value);
  for (const { step, code, reason } of end.incomplete) noteIncomplete(run, step, code, reason);
  if (end.outcome.type !== 'cancelled') return end.outcome;
  throw new CancelledFailure(`The child at ${key} was cancelled.`);
}
