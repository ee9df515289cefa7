import type { Run } from '../../contract/api';
import { exitCodes } from '../exit';
import type { Session } from '../session';

/** Asks for a run to be cancelled; its end follows a moment later. */
export async function cancel(
  { client, screen, json }: Session,
  id: string,
  { reason }: { reason?: string },
): Promise<number> {
  const body = reason === undefined ? {} : { reason };
  const run = await client.post<Run>(`/v1/runs/${encodeURIComponent(id)}/cancel`, body);
  if (json) screen.printJson(run);
  else screen.print(`${run.id} is being cancelled.`);
  return exitCodes.ok;
}
