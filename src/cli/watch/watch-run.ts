import type { RunListItem, Run } from '../../contract/api';
import type { Approval } from '../../contract/approvals-api';
import { askApproval } from '../ask-approval';
import { exitCodes } from '../exit';
import { createAsk } from '../prompt';
import { Refusal, Unreachable } from '../refusal';
import { reportRun } from '../report';
import type { Session } from '../session';
import { decideCommands } from '../show-approval';
import { followEvents } from './event-stream';
import type { WatchedEvent } from './facts';
import { emptyTree, takeEvent, type PendingApproval, type RunTree } from './run-tree';
import { jsonView, lineView, liveView, type View } from './view';

const endExitCodes: { readonly [status: string]: number } = {
  completed: exitCodes.ok,
  failed: exitCodes.failed,
  cancelled: exitCodes.failed,
  rejected: exitCodes.rejected,
  partial: exitCodes.partial,
};

/**
 * Shows a run until it has ended, asks for the decisions it waits for where a person is at the
 * terminal, and prints what came out. Gives the exit code. Ctrl-C leaves the run as it is.
 */
export async function watchRun(session: Session, run: RunListItem): Promise<number> {
  const { client, screen } = session;
  const tree = emptyTree();
  const view = pickView(session, tree, run);
  const interruption = new AbortController();
  const interrupt = () => { interruption.abort(); };
  process.once('SIGINT', interrupt);
  const desk = createDesk(session, { tree, view, signal: interruption.signal, interrupt });
  try {
    const onConnection = (state: 'lost' | 'back') => {
      view.note(state === 'lost' ? 'The connection to the service is lost; trying again.' : 'Connected again.');
    };
    for await (const event of followEvents(client, run.id, { signal: interruption.signal, onConnection })) {
      takeEvent(tree, event);
      view.event(event);
      desk.event(event);
    }
    await desk.close();
  } finally {
    view.close();
    process.off('SIGINT', interrupt);
  }
  if (interruption.signal.aborted) {
    screen.say(`The run goes on. Watch it again with: npx fermata watch ${run.id}`);
    return exitCodes.interrupted;
  }
  const ended = await client.get<Run>(`/v1/runs/${encodeURIComponent(run.id)}`);
  if (!session.json) reportRun(session, ended);
  return endExitCodes[ended.status] ?? exitCodes.failed;
}

function pickView(session: Session, tree: RunTree, run: RunListItem): View {
  const { screen, json } = session;
  if (json) return jsonView(screen);
  if (!screen.live.isTTY) return lineView(screen, tree);
  const simulated = run.simulated ? ' · simulated' : '';
  return liveView(screen, tree, `${run.plan.name} ${run.plan.version} · ${run.id}${simulated}`);
}

interface DeskOptions {
  tree: RunTree;
  view: View;
  signal: AbortSignal;
  interrupt: () => void;
}

/** Where approvals are put before the person, one after the other, while the run is watched. */
interface Desk {
  event(event: WatchedEvent): void;
  close(): Promise<void>;
}

function createDesk(session: Session, { tree, view, signal, interrupt }: DeskOptions): Desk {
  const seen = new Set<string>();
  let open: { id: string; settled: AbortController; done: Promise<void> } | null = null;

  async function put(approval: PendingApproval, settled: AbortController): Promise<void> {
    view.pause();
    try {
      const ask = createAsk(session.screen, AbortSignal.any([signal, settled.signal]), interrupt);
      await askApproval(session, approval.id, ask, settled.signal);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
      session.screen.say(error.message);
    } finally {
      open = null;
      view.resume();
    }
    next();
  }

  function next(): void {
    if (open !== null || signal.aborted) return;
    const approval = [...tree.approvals.values()].find(({ id }) => !seen.has(id));
    if (approval === undefined) return;
    seen.add(approval.id);
    const settled = new AbortController();
    open = { id: approval.id, settled, done: put(approval, settled) };
  }

  return {
    event() {
      if (open !== null && !tree.approvals.has(open.id)) open.settled.abort();
      if (session.screen.interactive && !session.json) next();
      else if (!session.json) announce(session, tree, seen, view);
    },
    async close() {
      open?.settled.abort();
      await open?.done;
    },
  };
}
