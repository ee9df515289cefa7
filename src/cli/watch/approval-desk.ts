import type { Approval } from '../../contract/approvals-api';
import { askApproval } from '../ask-approval';
import { withPatience } from '../patience';
import { createAsk } from '../prompt';
import type { Session } from '../session';
import { approvalPath, decideCommands } from '../show-approval';
import type { RunTree } from './run-tree';
import type { View } from './view';

/** Where a watched run's approvals come before the person, one after the other. */
export interface ApprovalDesk {
  /** The tree has changed. */
  look(): void;
  /** Takes back a question that is open. Throws what went wrong while asking. */
  close(): Promise<void>;
}

interface DeskOptions {
  tree: RunTree;
  view: View;
  /** Ends every question: the person has interrupted the watch. */
  signal: AbortSignal;
  interrupt: () => void;
}

/** Asks where somebody is at the terminal, else says which commands decide; in both cases once. */
export function createApprovalDesk(
  session: Session,
  { tree, view, signal, interrupt }: DeskOptions,
): ApprovalDesk {
  const { client, screen } = session;
  const seen = new Set<string>();
  let open: { id: string; settled: AbortController } | null = null;
  let work = Promise.resolve();
  let failure: { error: unknown } | null = null;

  async function put(id: string, settled: AbortSignal): Promise<void> {
    const approval = await withPatience(() => client.get<Approval>(approvalPath(id)));
    // Somebody who watches from the start also reads of what was decided long ago.
    if (approval.status !== 'pending' || settled.aborted || signal.aborted) return;
    if (!screen.interactive) {
      screen.say(`  approval ${id}: decide with`);
      for (const command of decideCommands(approval)) screen.say(`    ${command}`);
      return;
    }
    view.pause();
    const ask = createAsk(screen, AbortSignal.any([signal, settled]), interrupt);
    await askApproval(session, approval, { ask, settled }).finally(() => {
      view.resume();
    });
  }

  function look(): void {
    if (open !== null) {
      if (!tree.approvals.has(open.id)) open.settled.abort();
      return;
    }
    const [next] = [...tree.approvals.keys()].filter((id) => !seen.has(id));
    if (next === undefined || signal.aborted) return;
    seen.add(next);
    const settled = new AbortController();
    open = { id: next, settled };
    work = put(next, settled.signal)
      .catch((error: unknown) => {
        failure = { error };
        interrupt();
      })
      .finally(() => {
        open = null;
        look();
      });
  }

  return {
    look,
    async close() {
      open?.settled.abort();
      await work;
      if (failure !== null) throw failure.error;
    },
  };
}
