import type { RunListItem } from '../../contract/api';
import { exitCodes } from '../exit';
import { counted, localTime, table, usd } from '../format';
import { safeLine } from '../safe-text';
import type { Session } from '../session';
import { statusMark } from '../watch/tree-lines';

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface RunsOptions {
  status: string[];
  plan?: string;
  label?: string;
  q?: string;
  limit?: number;
}

/** Lists runs, newest first. */
export async function runs({ client, screen, json }: Session, options: RunsOptions): Promise<number> {
  const query = new URLSearchParams();
  for (const status of options.status) query.append('status', status);
  if (options.plan !== undefined) query.set('plan', options.plan);
  // Written `key=value` like everywhere on the command line, `key:value` in the address.
  if (options.label !== undefined) query.set('label', options.label.replace('=', ':'));
  if (options.q !== undefined) query.set('q', options.q);
  if (options.limit !== undefined) query.set('limit', String(options.limit));
  const page = await client.get<Page<RunListItem>>(`/v1/runs?${query.toString()}`);
  if (json) {
    screen.printJson(page);
    return exitCodes.ok;
  }
  const drawing = { colors: screen.colors, frame: null };
  const rows = page.items.map((item) => [
    item.id,
    item.status,
    `${item.plan.name} ${item.plan.version}`,
    localTime(item.createdAt),
    usd(item.usage.costUsd),
    [item.simulated ? 'simulated' : '', item.statusReason ?? '']
      .filter((part) => part !== '')
      .map(safeLine)
      .join(' · '),
  ]);
  table(rows).forEach((line, index) => {
    screen.print(`${statusMark(page.items[index]?.status ?? 'queued', drawing)} ${line}`);
  });
  if (rows.length === 0) screen.say('No runs.');
  if (page.nextCursor !== null)
    screen.say(`There are more than ${counted(rows.length, 'run')}; see --limit.`);
  return exitCodes.ok;
}
