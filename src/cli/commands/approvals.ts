import type { Approval, ApprovalListItem } from '../../contract/approvals-api';
import { exitCodes } from '../exit';
import { localTime, table } from '../format';
import { safeLine } from '../safe-text';
import type { Session } from '../session';
import { approvalLines, approvalPath, decideCommands } from '../show-approval';

/** Lists what waits for a person, or shows one approval with what it is about. */
export async function approvals(session: Session, id: string | undefined): Promise<number> {
  const { client, screen, json } = session;
  if (id !== undefined) return showOne(session, id);
  const page = await client.get<{ items: ApprovalListItem[]; nextCursor: string | null }>(
    '/v1/approvals?status=pending&limit=200',
  );
  if (json) {
    screen.printJson(page);
    return exitCodes.ok;
  }
  const rows = page.items.map(({ id: approval, kind, risk, runId, dueAt, title }) => [
    approval,
    kind,
    `${risk} risk`,
    `run ${runId}`,
    dueAt === null ? 'no deadline' : `due ${localTime(dueAt)}`,
    safeLine(title),
  ]);
  for (const line of table(rows)) screen.print(line);
  if (rows.length === 0) screen.say('Nothing waits for a decision.');
  return exitCodes.ok;
}

async function showOne({ client, screen, json }: Session, id: string): Promise<number> {
  const approval = await client.get<Approval>(approvalPath(id));
  if (json) {
    screen.printJson(approval);
    return exitCodes.ok;
  }
  for (const line of approvalLines(approval, screen.colors)) screen.print(line);
  if (approval.status === 'pending') for (const command of decideCommands(approval)) screen.print(command);
  return exitCodes.ok;
}
