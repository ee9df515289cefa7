import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Carried } from '../contract/activities';
import type { ApprovalDecided } from '../contract/journal';
import { openApproval } from './activities';
import type { OpenMatter } from './approvals';
import { hash } from './hash';
import { namesFor, type Node } from './node';
import type { RunState } from './run-state';
import type { Matter, Settled } from './scope';

/** Opens an approval and waits for its end, for months if it must. No clock of the plan runs meanwhile. */
export async function askPeople(run: RunState, node: Node, matter: Matter): Promise<Settled> {
  const open = register(run, node, matter);
  const waits = matter.risk === 'high';
  const step = run.steps.get(node.path);
  if (step !== undefined && waits) step.status = 'waiting';
  if (!waits) {
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
  try {
    return await node.clock.wait(matter.kind, async () => {
      const dueAt = Date.now() + matter.timeoutMs;
      const decided = await publish(run, node, { matter, open, dueAt });
      if (decided !== null) return (open.settled = decided);
      return await untilSettled(run, open, dueAt);
    });
  } finally {
    if (step !== undefined) step.status = 'running';
  }
}

function register(run: RunState, node: Node, matter: Matter): OpenMatter {
  const asking = (run.askings.get(node.path) ?? 0) + 1;
  run.askings.set(node.path, asking);
  const open: OpenMatter = {
    id: `apr_${hash(`${run.reference.run}/${node.path}/${String(asking)}`)}`,
    kind: matter.kind,
    path: node.path,
    allow: matter.allow,
    content: matter.content,
    digest: null,
    settling: false,
    settled: null,
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
      return await run.journal.carry(send);
    } catch (error) {
      run.journal.giveUp();
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
    const inTime = await condition(() => open.settled !== null, Math.max(1, dueAt - Date.now()));
    // A decision that came before the deadline counts, even where it is still being looked at.
    if (!inTime) await condition(() => !open.settling);
    if (open.settled !== null) return open.settled;
    return (open.settled = expire(run, open));
  } catch (error) {
    if (isCancellation(error) && open.settled === null) withdraw(run, open);
    throw error;
  }
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
