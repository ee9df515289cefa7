import type { Run } from '../../contract/api';
import type { Session } from '../session';
import { watchRun } from '../watch/watch-run';

/** Shows a run from its first event to its end. */
export async function watch(session: Session, id: string): Promise<number> {
  return watchRun(session, await session.client.get<Run>(`/v1/runs/${encodeURIComponent(id)}`));
}
