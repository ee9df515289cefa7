import type { Block } from '../../contract/activities';
import type { ReviewNode } from '../../contract/skeleton';
import type { Value } from '../../contract/value';
import {
  completed,
  failed,
  incomplete,
  isFinished,
  outputOf,
  type Outcome,
  type Unwinding,
} from '../outcome';
import type { Scope } from '../scope';
import { steerOf } from '../steer';
import { escalate } from './escalate';

interface Verdict {
  approved: boolean;
  /** Who says so. */
  by: 'the reviewer' | 'its checks';
  issues: Value;
  /** The verdict whole, as `steps.<id>.decision` shows it. */
  decision: Value;
}

/**
 * The quality gate: a reviewer approves the text or names issues, the text is revised and reviewed
 * again. The output is the approved text itself, or the last one where no revision passed.
 */
export async function review(step: ReviewNode, scope: Scope): Promise<Outcome> {
  let text = step.of === undefined ? scope.lookup('previous') : await scope.value(step.of);
  let revisionsLeft = step.maxRevisions;
  let escalations = 0;
  for (let round = 1; ; round++) {
    const verdict = await judge(step, scope, text, round);
    if ('type' in verdict) return { ...verdict, value: text };
    if (verdict.approved) return completed(text, verdict.decision);
    if (step.revise === undefined || revisionsLeft-- <= 0) {
      const end = await exhausted(step, scope, { text, verdict, escalations });
      if (end !== 'again') return end;
      escalations++;
      revisionsLeft = 0;
    }
    if (step.revise === undefined) continue;
    const revised = await scope.run(step.revise, `revise.${String(round)}`, {
      names: { previous: text, issues: verdict.issues },
      handed: [
        { name: 'previous', value: text },
        { name: 'issues', value: verdict.issues },
      ],
      repeated: true,
    });
    if (!isFinished(revised)) return { ...revised, value: text };
    if (revised.type !== 'skipped') text = outputOf(revised);
  }
}

async function judge(
  step: ReviewNode,
  scope: Scope,
  text: Value,
  round: number,
): Promise<Verdict | Unwinding> {
  if (step.checks !== undefined) {
    const { passed, messages } = await scope.check(step.checks, text);
    // No model is asked about what is known to be wrong.
    if (!passed) return refusal(scope, messages);
  }
  const blocks: Block[] = [{ name: 'text', value: text }];
  if (step.criteria !== undefined) blocks.push({ name: 'criteria', value: await scope.value(step.criteria) });
  const answer = await scope.ask({
    agent: step.reviewer,
    place: `reviewer.${String(round)}`,
    role: 'reviewer',
    ...(step.prompt === undefined ? {} : { prompt: step.prompt }),
    context: step.context,
    blocks,
  });
  const { outcome } = answer;
  if (!isFinished(outcome)) return outcome;
  const { approved, issues } = steerOf(answer, 'reviewer');
  return { approved, by: 'the reviewer', issues, decision: outputOf(outcome) };
}

async function refusal(scope: Scope, issues: Value): Promise<Verdict> {
  const decision = await scope.compose({ approved: { inline: false }, issues });
  return { approved: false, by: 'its checks', issues, decision };
}

interface Exhaustion {
  text: Value;
  verdict: Verdict;
  escalations: number;
}

/** No revision is left and the reviewer still says no. */
async function exhausted(step: ReviewNode, scope: Scope, state: Exhaustion): Promise<Outcome | 'again'> {
  const { by, issues } = state.verdict;
  const reason =
    by === 'the reviewer'
      ? 'The reviewer did not approve the last version.'
      : 'The last version did not pass its checks.';
  if (step.onExhausted === 'flag') return incomplete('not_approved', reason, state.text);
  if (step.onExhausted === 'fail')
    return { ...failed(scope.path, 'not_approved', reason), value: state.text };
  return escalate(scope, {
    title: `${scope.path}: ${by === 'the reviewer' ? 'the reviewer does not approve' : 'the checks do not pass'}`,
    content: await scope.compose({ text: state.text, issues }),
    reason,
    kept: state.text,
    retries: state.escalations,
    skipped: (who) => incomplete('not_approved', `${who} let it pass unapproved.`, state.text),
  });
}
