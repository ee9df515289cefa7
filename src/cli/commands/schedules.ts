import type { Schedule } from '../../contract/schedules-api';
import { exitCodes } from '../exit';
import { localTime, table } from '../format';
import { readInput } from '../input';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

interface Page {
  items: Schedule[];
  nextCursor: string | null;
}

/** Lists the schedules. */
export async function listSchedules({ client, screen, json }: Session): Promise<number> {
  const items: Schedule[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await client.get<Page>(`/v1/schedules?limit=200${from}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  if (json) {
    screen.printJson({ items });
    return exitCodes.ok;
  }
  for (const line of table(items.map(rowOf))) screen.print(line);
  if (items.length === 0) screen.say('There are no schedules.');
  return exitCodes.ok;
}

function rowOf({ id, plan, cron, timezone, overlap, paused, nextAt, last }: Schedule): string[] {
  return [
    id,
    safeLine(plan),
    cron,
    timezone,
    overlap,
    paused ? 'paused' : nextAt === null ? 'not yet known' : `next ${localTime(nextAt)}`,
    last === null
      ? ''
      : safeLine(`last ${localTime(last.at)} ${last.state} ${last.run ?? last.reason ?? ''}`),
  ];
}

export interface AddOptions {
  input?: string;
  set: string[];
  timezone?: string;
  overlap?: string;
}

/** Runs a stored plan by the clock. */
export async function addSchedule(
  { client, screen, json }: Session,
  { plan, cron }: { plan: string; cron: string },
  { input, set, timezone, overlap }: AddOptions,
): Promise<number> {
  const made = await client.post<Schedule>('/v1/schedules', {
    ...{ plan, cron, input: readInput(input, set) },
    ...(timezone === undefined ? {} : { timezone }),
    ...(overlap === undefined ? {} : { overlap }),
  });
  if (json) screen.printJson(made);
  else screen.print(made.id);
  return exitCodes.ok;
}

/** Pauses a schedule, resumes it, or takes it away. */
export async function changeSchedule(
  { client, screen, json }: Session,
  id: string,
  change: 'pause' | 'resume' | 'remove',
): Promise<number> {
  const path = `/v1/schedules/${encodeURIComponent(id)}`;
  const changed = await (change === 'remove'
    ? client.change<Schedule>('DELETE', path)
    : client.change<Schedule>('PATCH', path, { paused: change === 'pause' }));
  if (json) screen.printJson(changed);
  else screen.print(`${id} is ${{ pause: 'paused', resume: 'resumed', remove: 'removed' }[change]}.`);
  return exitCodes.ok;
}
