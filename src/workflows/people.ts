import { CancellationScope, CancelledFailure, condition, isCancellation } from '@temporalio/workflow';
import type { ApprovalDecided, Carried } from '../contract/journal';
import { openApproval } from './activities';
import type { OpenMatter } from './approvals';
import { hash } from './hash';
import { namesFor, type Node } from './node';
import type { Decided } from './progress';
import type { RunState } from './run-state';
import type { Matter, Settled } from './scope';

/** Opens an approval and waits for its end, for months if it must. No clock of the plan runs meanwhile. */
export async function askPeople(run: RunState, node: Node, matter: Matter): Promise<Settled> {
  const { decisions } = node.progress;
  const place = node.decisions++;
  const known = decisions[place];
  if (known?.type === 'settled') return known.settled;
  if (known === undefined && !run.gate.isOpen()) await run.gate.opened(node.clock);
  if (known === undefined && CancellationScope.current().consideredCancelled)
    throw new CancelledFailure('The step was ended before anybody was asked.');
  const asking = { place, known };
  const settled = await (matter.risk === 'high' ? askAndWait : askNobody)(run, node, matter, asking);
  decisions[place] = { type: 'settled', settled };
  return settled;
}

interface Asking {
  /** The how many-th question to people this is at its step, from 0. */
  place: number;
  /** Asked in an earlier Temporal run, and open. */
  known: Extract<Decided, { type: 'open' }> | undefined;
}

async function askNobody(run: RunState, node: Node, matter: Matter, { place }: Asking): Promise<Settled> {
  const open = register(run, node, matter, place);
  await publish(run, node, { matter, open, dueAt: null });
  decidedBy(run, open, { status: 'approved', decision: 'approve', by: 'policy' });
  return (open.settled = {
    status: 'approved',
    decision: 'approve',
    by: 'policy',
    comment: null,
    content: matter.content,
  });
}

async function askAndWait(
  run: RunState,
  node: Node,
  matter: Matter,
  { place, known }: Asking,
): Promise<Settled> {
  const open = known === undefined ? register(run, node, matter, place) : run.approvals.get(known.approval);
  const dueAt = known?.dueAt ?? Date.now() + matter.timeoutMs;
  open.dueAt = dueAt;
  const step = run.steps.get(node.path);
  if (step !== undefined) step.status = 'waiting';
  try {
    return await node.clock.wait(matter.kind, async () => {
      if (known === undefined) {
        const decided = await publish(run, node, { matter, open, dueAt });
        if (decided !== null) return (open.settled = decided);
        node.progress.decisions[place] = { type: 'open', approval: open.id, dueAt };
      }
      return await untilSettled(run, open, dueAt);
    });
  } finally {
    if (step !== undefined) step.status = 'running';
  }
}

function register(run: RunState, node: Node, matter: Matter, place: number): OpenMatter {
  const open: OpenMatter = {
    id: `apr_${hash(`${run.reference.run}/${node.path}/${String(place + 1)}`)}`,
    kind: matter.kind,
    path: node.path,
    allow: matter.allow,
    content: matter.content,
    digest: null,
    settling: false,
    settled: null,
    decidedBy: null,
  };
  run.approvals.add(open);
  return open;
}

interface Publishing {
  matter: Matter;
  open: OpenMatter;
  dueAt: number | null;
}

/** Stores what is shown. Answers a decision that the ledger already holds, as after a reset. */
async function publish(
  run: RunState,
  node: Node,
  { matter, open, dueAt }: Publishing,
): Promise<Settled | null> {
  const requested = run.journal.reserve();
  const send = (journal: Carried) =>
    openApproval(
      {
        run: run.reference,
        approval: open.id,
        kind: matter.kind,
        path: node.path,
        title: 'text' in matter.title ? matter.title : { at: matter.title.at },
        names: 'text' in matter.title ? {} : namesFor(node, matter.title),
        content: matter.content,
        risk: matter.risk,
        allow: matter.allow,
        dueAt: dueAt === null ? null : new Date(dueAt).toISOString(),
        reason: matter.reason,
        schemaAt: matter.schemaAt,
        workflowId: run.workflowId,
        temporalRun: run.temporalRun,
        journal,
        requested,
        settled: matter.risk === 'high' ? null : 'approved',
      },
      `${node.path} · ${matter.kind}`,
    );
  // Its entry has a number already, so the activity runs to its end even where the step is being ended.
  const opened = await CancellationScope.nonCancellable(async () => {
    try {
      return await run.gate.busy(() => run.journal.carry(send, requested.n));
    } catch (error) {
      run.journal.giveUp(requested.n);
      open.settled = nobody(open);
      throw error;
    }
  });
  open.digest = opened.digest;
  if (opened.decided === null) return null;
  return { ...opened.decided, content: opened.decided.content ?? matter.content };
}

async function untilSettled(run: RunState, open: OpenMatter, dueAt: number): Promise<Settled> {
  try {
    const inTime = await inTimeFor(open, dueAt);
    // A decision that came before the deadline counts, even where it is still being looked at.
    if (!inTime) await condition(() => !open.settling);
    if (open.settled !== null) return open.settled;
    return (open.settled = expire(run, open));
  } catch (error) {
    if (isCancellation(error) && open.settled === null) withdraw(run, open);
    throw error;
  }
}

/** Whether it was decided before it was due. What has become due between two Temporal runs is due at once. */
async function inTimeFor(open: OpenMatter, dueAt: number): Promise<boolean> {
  const left = dueAt - Date.now();
  if (left <= 0 && !CancellationScope.current().consideredCancelled) return open.settled !== null;
  return condition(() => open.settled !== null, Math.max(1, left));
}

function expire(run: RunState, open: OpenMatter): Settled {
  const settled: Settled = {
    status: 'expired',
    decision: null,
    by: 'timeout',
    comment: null,
    content: open.content,
  };
  run.journal.add(open.path, { type: 'approval.expired', data: { approval: open.id } });
  return settled;
}

/** The step that asked was ended: nobody needs to decide any more. */
function withdraw(run: RunState, open: OpenMatter): void {
  open.settled = nobody(open);
  decidedBy(run, open, { status: 'cancelled', decision: null, by: 'system' });
}

function nobody(open: OpenMatter): Settled {
  return { status: 'cancelled', decision: null, by: 'system', comment: null, content: open.content };
}

function decidedBy(
  run: RunState,
  open: OpenMatter,
  data: Pick<ApprovalDecided, 'status' | 'decision' | 'by'>,
): void {
  const rest = { approval: open.id, comment: null, via: 'policy', content: null } as const;
  run.journal.add(open.path, { type: 'approval.decided', data: { ...rest, ...data } });
}
