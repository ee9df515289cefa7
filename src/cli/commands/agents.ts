import type { RegisteredAgent } from '../../contract/agents-api';
import { exitCodes } from '../exit';
import { count, counted, table, usd } from '../format';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

interface Page {
  items: RegisteredAgent[];
  nextCursor: string | null;
}

/** Lists the agents of the stored plans with figures of their use. */
export async function agents({ client, screen, json }: Session): Promise<number> {
  const items: RegisteredAgent[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await client.get<Page>(`/v1/agents?limit=200${from}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  if (json) {
    screen.printJson({ items });
    return exitCodes.ok;
  }
  const rows = items.map(({ name, plan, models, select, skills, figures }) => [
    name,
    `${plan.name}@${plan.version}`,
    [models, ...select.map((entry) => entry.models)]
      .map((list) => list.map(safeLine).join(', '))
      .join(' or '),
    counted(figures.calls, 'call'),
    `${count(figures.inputTokens + figures.outputTokens)} tokens`,
    usd(figures.costUsd),
    figures.successRate === null ? '' : `${String(Math.round(figures.successRate * 100))} % answered`,
    skills.map(safeLine).join(', '),
  ]);
  for (const line of table(rows)) screen.print(line);
  return exitCodes.ok;
}
