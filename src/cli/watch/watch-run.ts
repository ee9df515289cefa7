import type { Run, RunListItem } from '../../contract/api';
import { exitCodes } from '../exit';
import { withPatience } from '../patience';
import { exitCodeOf, reportRun } from '../report';
import type { Session } from '../session';
import { createApprovalDesk } from './approval-desk';
import { followEvents } from './event-stream';
import { emptyTree, takeEvent, type RunTree } from './run-tree';
import { jsonView, lineView, liveView, type View } from './view';

/**
 * Shows a run until it has ended, asks for the decisions it waits for, prints what came out, and
 * gives the exit code. Ctrl-C ends the watching alone.
 */
export async function watchRun(session: Session, run: RunListItem): Promise<number> {
  const { client, screen, json } = session;
  const tree = emptyTree();
  const view = pickView(session, tree, run);
  const interruption = new AbortController();
  const { signal } = interruption;
  const interrupt = () => {
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  const desk = createApprovalDesk(session, { tree, view, signal, interrupt });
  try {
    const onConnection = (state: 'lost' | 'back') => {
      view.note(
        state === 'lost' ? 'The connection to the service is lost; trying again.' : 'Connected again.',
      );
    };
    for await (const event of followEvents(client, run.id, { signal, onConnection })) {
      takeEvent(tree, event);
      view.event(event);
      if (!json) desk.look();
    }
    await desk.close();
  } finally {
    view.close();
    process.off('SIGINT', interrupt);
  }
  if (signal.aborted) {
    screen.say(`The run goes on. Watch it again with: npx fermata watch ${run.id}`);
    return exitCodes.interrupted;
  }
  const ended = await withPatience(() => client.get<Run>(`/v1/runs/${encodeURIComponent(run.id)}`));
  if (!json) reportRun(session, ended);
  return exitCodeOf(ended.status);
}

function pickView({ screen, json }: Session, tree: RunTree, run: RunListItem): View {
  if (json) return jsonView(screen);
  if (!screen.live.isTTY) return lineView(screen, tree);
  const simulated = run.simulated ? ' · simulated' : '';
  return liveView(screen, tree, `${run.plan.name} ${run.plan.version} · ${run.id}${simulated}`);
}
