import type { Block } from '../../contract/activities';
import type { DebateNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { hash } from '../hash';
import { completed, isFinished, outputOf, type Outcome, type Unwinding } from '../outcome';
import { pathOf, type Answer, type Scope } from '../scope';
import { steerOf } from '../steer';
import { escalate } from './escalate';
import { materialFor } from './material';

/**
 * Several agents answer independently, see each other's answers without names, and answer again; a
 * judge reconciles them. The output is the judge's answer, and the dissent stays in its decision.
 */
export async function debate(step: DebateNode, scope: Scope): Promise<Outcome> {
  for (let tries = 0; ; tries++) {
    // Another try asks everybody anew, under paths of its own.
    const below = tries === 0 ? '' : `again.${String(tries)}.`;
    const answers = await debated(step, scope, below);
    if (!Array.isArray(answers)) return answers;
    const judged = await ask(step, scope, {
      place: `${below}judge`,
      blocks: [await othersBlock(scope, answers, { below, round: step.rounds + 1 })],
    });
    if (!isFinished(judged.outcome)) return judged.outcome;
    const decision = outputOf(judged.outcome);
    const { answer, confidence, disagreements } = steerOf(judged, 'judge');
    const dissent = step.strict ? disagreements : 0;
    if (confidence >= step.minConfidence && dissent === 0) return completed(answer, decision);
    const reason = `The judge is ${String(confidence)} sure and names ${String(disagreements)} points of disagreement.`;
    const end = await disagreed(step, scope, { answer, decision, reason, tries });
    if (end !== 'again') return end;
  }
}

/** The panel's last answers, in its order. */
async function debated(step: DebateNode, scope: Scope, below: string): Promise<Value[] | Unwinding> {
  let answers: Value[] = [];
  for (let round = 1; round <= step.rounds; round++) {
    if (round > 1 && (await scope.agree(answers))) break;
    const before = answers;
    const blocks = (index: number) => (round === 1 ? [] : seenBy(scope, before, { index, below, round }));
    const said = await together(
      step.panel.map(async (agent, index) => {
        const place = `${below}panel.${String(index)}.${String(round)}`;
        return { place, ...(await ask(step, scope, { agent, place, blocks: await blocks(index) })) };
      }),
    );
    answers = [];
    for (const { outcome, place } of said) {
      if (!isFinished(outcome)) return outcome;
      // An answer that was cut off is heard, and named.
      if (outcome.type === 'incomplete') scope.note(pathOf(scope.path, place), outcome.code, outcome.reason);
      answers.push(outputOf(outcome));
    }
  }
  return answers;
}

interface Asking {
  /** Of the panel; the judge where there is none. */
  agent?: string;
  place: string;
  blocks: Block[];
}

function ask(step: DebateNode, scope: Scope, { agent, place, blocks }: Asking): Promise<Answer> {
  return scope.ask({
    agent: agent ?? step.judge,
    place,
    role: agent === undefined ? 'judge' : 'agent',
    ...(agent !== undefined && blocks.length > 0 ? { reconsiders: true } : {}),
    ...(step.prompt === undefined ? {} : { prompt: step.prompt }),
    context: step.context,
    blocks: [...materialFor(step.prompt, scope), ...blocks],
  });
}

/** Waits for all, also where one breaks: what is under way is nobody's afterwards. */
async function together<Result>(works: Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

interface Seat {
  below: string;
  round: number;
}

/** From the second round on: one's own answer, and those of the others. */
async function seenBy(
  scope: Scope,
  answers: Value[],
  { index, ...seat }: Seat & { index: number },
): Promise<Block[]> {
  const others = answers.map((value, at) => (at === index ? null : value));
  return [{ name: 'yourAnswer', value: answers[index] ?? nothing }, await othersBlock(scope, others, seat)];
}

/** Answers without names, in an order that tells nothing of who gave them and is the same at every replay. */
async function othersBlock(scope: Scope, answers: (Value | null)[], { below, round }: Seat): Promise<Block> {
  const run = JSON.stringify(scope.lookup('run'));
  const shuffled = answers
    .map((value, index) => ({
      value,
      order: hash(`${run}/${pathOf(scope.path, below)}/${String(round)}/${String(index)}`),
    }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .flatMap(({ value }) => (value === null ? [] : [value]));
  return { name: 'answers', value: await scope.compose(shuffled) };
}

interface Disagreement {
  answer: Value;
  decision: Value;
  reason: string;
  tries: number;
}

async function disagreed(
  step: DebateNode,
  scope: Scope,
  { answer, decision, reason, tries }: Disagreement,
): Promise<Outcome | 'again'> {
  if (step.onDisagreement === 'report')
    return { type: 'incomplete', code: 'rounds_exhausted', reason, value: answer, decision };
  return escalate(scope, {
    title: `${scope.path}: the panel does not agree`,
    content: decision,
    reason,
    kept: answer,
    retries: tries,
    ...(step.answerAt === undefined ? {} : { schemaAt: step.answerAt }),
    skipped: () => completed(nothing, decision),
  });
}
