import type { ModelCall } from '../contract/activities';
import type { CallDone, CallRequest } from '../contract/gateway';
import { keepAnswer } from '../ledger/answers';
import { contentHash, putContent } from '../ledger/contents';
import type { RenderedPrompt } from '../plan/prompt';
import type { Ports } from './ports';
import { wholeText } from './read-answer';

/** What identical calls are known by, and how long their answer is kept. */
export interface Keeping {
  key: string;
  ms: number;
}

/** The key of all calls of a tenant that ask the same agent and model for the same: `asked` is what was asked first. */
export async function answerKey(
  { database }: Ports,
  { tenant, agent, model, request }: CallRequest,
  asked: RenderedPrompt,
): Promise<string> {
  const { schema = null, maxOutputTokens, temperature = null } = request;
  const identity = JSON.stringify([agent, model, schema, asked, maxOutputTokens, temperature]);
  return contentHash(database, tenant, Buffer.from(identity, 'utf8'));
}

/** Keeps the answer of a call that was found whole and as it must be. */
export async function keepForOthers(
  ports: Ports,
  { call, done }: { call: ModelCall; done: CallDone },
  { key, ms }: Keeping,
): Promise<void> {
  const { tenant, run } = call.run;
  const text = await wholeText(ports, call, done.text);
  const hash = await putContent(ports.database, tenant, run, Buffer.from(JSON.stringify(text), 'utf8'));
  await keepAnswer(ports.database, { tenant, run, call: { key: call.key, answer: done.ref }, key, hash, ms });
}
