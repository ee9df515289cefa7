import type { QuestionNode } from '../../contract/skeleton';
import { nothing } from '../../contract/value';
import { completed, failed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Asks a person and waits; the answer is the output. */
export async function question(step: QuestionNode, scope: Scope): Promise<Outcome> {
  const settled = await scope.decide({
    kind: 'question',
    title: step.title,
    content: step.content === undefined ? nothing : await scope.value(step.content),
    risk: 'high',
    allow: ['answer', 'reject'],
    timeoutMs: step.timeoutMs,
    reason: null,
    schemaAt: step.answerAt,
  });
  if (settled.status === 'expired') return expired(step, scope);
  const { decision, by, comment, content } = settled;
  if (decision === 'reject')
    return failed(scope.path, 'question_rejected', comment ?? `${by} did not answer the question.`);
  return completed(content, { inline: { decision, by, comment } });
}

/** Nobody answered in time. There is nothing that could be approved instead. */
function expired({ onTimeout }: QuestionNode, scope: Scope): Outcome {
  const reason = 'Nobody answered the question before it expired.';
  switch (onTimeout) {
    case 'skip':
      return { type: 'skipped', reason: 'nobody answered before the question expired' };
    case 'reject':
      return failed(scope.path, 'question_rejected', reason);
    case 'fail':
    case 'approve':
      return failed(scope.path, 'approval_expired', reason);
  }
}
