import type { CallRequest } from '../contract/gateway';
import { noUsage } from '../contract/usage';
import { endWithAnswer, findAnswer } from '../ledger/answers';
import type { CallRow } from '../ledger/calls';
import { getContent } from '../ledger/contents';
import type { Desk } from './desk';

/**
 * Gives a call of this gateway's the tenant's stored answer to the same call, where it asks for that and
 * there is one. Null where the call is to be made: one that has been at a vendor already is.
 */
export async function answerAgain(
  { database, owner }: Desk,
  row: CallRow,
  { cache }: CallRequest,
): Promise<CallRow | null> {
  if (cache === undefined || row.attempts > 0) return null;
  const { tenant, simulated, key: call, agent } = row;
  const answer = await findAnswer(database, { tenant, key: cache.key, simulated }, cache.ttlMs);
  if (answer === null) return null;
  const body = await getContent(database, tenant, answer.hash);
  const text = JSON.parse(body.toString('utf8')) as string;
  const told = { call, agent, model: answer.model, status: 'done', text, stop: 'end' } as const;
  return endWithAnswer(
    database,
    { ...row, owner },
    {
      answer,
      event: { type: 'call.finished', data: { ...told, usage: noUsage, error: null } },
    },
  );
}
