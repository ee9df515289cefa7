import type { Approval, Decide } from '../../contract/approvals-api';
import type { Json } from '../../contract/value';
import { bringsText } from '../answer-text';
import { editContent } from '../edit-text';
import { CommandError, exitCodes, usageError } from '../exit';
import { readText } from '../plan-source';
import { readJson } from '../read-json';
import type { Session } from '../session';
import { approvalPath } from '../show-approval';

export interface DecideOptions {
  comment?: string;
  content?: string;
}

/** Decides on an approval, bound to what it shows now. */
export async function decide(
  session: Session,
  id: string,
  { decision, comment, content }: DecideOptions & { decision: Decide['decision'] },
): Promise<number> {
  const { client, screen, json } = session;
  const approval = await client.get<Approval>(approvalPath(id));
  const needsContent = decision === 'edit' || decision === 'answer';
  if (!needsContent && content !== undefined) throw usageError(`${decision} takes no --content.`);
  const body: Decide = {
    decision,
    digest: approval.digest,
    ...(needsContent ? { content: await readContent(session, approval, { decision, given: content }) } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
  const decided = await client.post<Approval>(approvalPath(id), body);
  if (json) screen.printJson(decided);
  else screen.print(`${decided.id}  ${decided.status}`);
  return exitCodes.ok;
}

interface Given {
  decision: Decide['decision'];
  given: string | undefined;
}

async function readContent(session: Session, approval: Approval, { decision, given }: Given): Promise<Json> {
  if (given === undefined) return editAtTerminal(session, approval);
  const text = given.startsWith('@') ? readText(given.slice(1)) : given;
  if (bringsText(approval, decision)) return text;
  const read = readJson(text);
  if (read.type === 'json') return read.json;
  if (read.type === 'inexact') throw usageError(`--content: ${read.reason}.`);
  throw usageError(`--content must be JSON, like what is shown or what the schema asks for: ${read.reason}`);
}

async function editAtTerminal(
  { config, screen }: Session,
  { kind, content, status, id }: Approval,
): Promise<Json> {
  if (!screen.interactive)
    throw usageError('Without a terminal the new content is given with --content @file.');
  if (kind === 'question') throw usageError('The answer to a question is given with --content.');
  if (status !== 'pending') throw new CommandError(`${id} is ${status}.`, exitCodes.failed);
  const edited = await editContent(config, content, null);
  switch (edited.type) {
    case 'edited':
      return edited.content;
    case 'unchanged':
      throw new CommandError('Nothing was changed, nothing is sent.', exitCodes.failed);
    case 'invalid':
      throw new CommandError(`Nothing is sent. ${edited.reason}`, exitCodes.failed);
  }
}
