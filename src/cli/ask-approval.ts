import type { Approval, Decide } from '../contract/approvals-api';
import type { Json } from '../contract/value';
import { bringsText } from './answer-text';
import { editContent } from './edit-text';
import { explain, Refusal, Unreachable } from './refusal';
import type { Ask } from './prompt';
import { readJson } from './read-json';
import type { Session } from './session';
import { approvalLines, approvalPath, decideCommands } from './show-approval';

type Verb = Decide['decision'];

/** A way to ask, and whether the answer still matters: it does not once somebody else has decided. */
interface Asking {
  ask: Ask;
  settled: AbortSignal;
}

/**
 * Asks the person at the terminal to decide: shows what is to be decided in full, takes what is
 * allowed, sends the decision bound to what was shown. Asks again where the service refuses it.
 */
export async function askApproval(
  session: Session,
  approval: Approval,
  { ask, settled }: Asking,
): Promise<void> {
  const { screen } = session;
  for (const line of ['', ...approvalLines(approval, screen.sayColors)]) screen.say(line);
  const draft: Draft = { text: null };
  for (;;) {
    const decision = await takeDecision(session, approval, ask, draft);
    if (settled.aborted) {
      screen.say('\nIt has been decided elsewhere.');
      return;
    }
    if (decision === 'later') {
      screen.say('Decide later with:');
      for (const command of decideCommands(approval)) screen.say(`  ${command}`);
      return;
    }
    if (decision !== null && (await sendDecision(session, approval, decision)) === 'closed') return;
  }
}

/** What an attempt to edit has left, so that a refused text is not lost. */
interface Draft {
  text: string | null;
}

async function takeDecision(
  session: Session,
  approval: Approval,
  ask: Ask,
  draft: Draft,
): Promise<Decide | 'later' | null> {
  const answer = await ask(`${menu(approval.allow)} `);
  if (answer === null) return 'later';
  const verb = pickVerb(answer.toLowerCase(), approval.allow);
  if (verb === 'later') return 'later';
  if (verb === null) return null;
  const { digest } = approval;
  if (verb === 'edit' || verb === 'answer') {
    const content =
      approval.kind === 'question'
        ? await askAnswer(session, approval, ask)
        : await editUntilValid(session, approval.content, ask, draft);
    return content === null ? null : { decision: verb, digest, content };
  }
  if (verb !== 'reject' && verb !== 'fail') return { decision: verb, digest };
  const comment = await ask('Why? (Enter for no comment) ');
  if (comment === null) return 'later';
  return { decision: verb, digest, ...(comment === '' ? {} : { comment }) };
}

/** The answer to a question on one line: a text as it is, anything else as JSON. */
async function askAnswer({ screen }: Session, approval: Approval, ask: Ask): Promise<Json | null> {
  const isText = bringsText(approval, 'answer');
  const typed = await ask(isText ? 'Your answer: ' : 'Your answer, as JSON: ');
  if (typed === null || typed === '') return null;
  if (isText) return typed;
  const read = readJson(typed);
  if (read.type === 'json') return read.json;
  screen.say(read.type === 'malformed' ? `It is not valid JSON: ${read.reason}.` : `${read.reason}.`);
  return null;
}

/** `[a]pprove, [e]dit, [r]eject, [l]ater?`: no two that are ever allowed together begin alike. */
function menu(allow: readonly Verb[]): string {
  return `${[...allow, 'later'].map((verb) => `[${verb.charAt(0)}]${verb.slice(1)}`).join(', ')}?`;
}

function pickVerb(answer: string, allow: readonly Verb[]): Verb | 'later' | null {
  return [...allow, 'later' as const].find((verb) => answer === verb || answer === verb.charAt(0)) ?? null;
}

async function editUntilValid(session: Session, content: Json, ask: Ask, draft: Draft): Promise<Json | null> {
  const { config, screen } = session;
  for (;;) {
    const edited = await editContent(config, content, draft.text);
    if (edited.type === 'unchanged') {
      screen.say('Nothing was changed, nothing is sent.');
      return null;
    }
    draft.text = edited.text;
    if (edited.type === 'edited') return edited.content;
    screen.say(edited.reason);
    const again = await ask('Enter to edit again, or [b]ack: ');
    if (again !== '') return null;
  }
}

/** `closed`: nothing is left to be decided here. */
async function sendDecision(
  session: Session,
  approval: Approval,
  decision: Decide,
): Promise<'closed' | 'again'> {
  const { client, screen } = session;
  try {
    const { status } = await client.post<Approval>(approvalPath(approval.id), decision);
    screen.say(`${screen.sayColors.green('✓')} ${status}`);
    return 'closed';
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
    const { message, details } = explain(error);
    screen.say(screen.sayColors.red(message));
    for (const line of details) screen.say(`  ${line}`);
    const status = error instanceof Refusal ? error.problem.status : null;
    return status === 409 || status === 410 || status === 404 ? 'closed' : 'again';
  }
}
