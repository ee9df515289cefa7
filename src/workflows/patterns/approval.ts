import type { ApprovalNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { completed, failed, isFinished, outputOf, type Outcome } from '../outcome';
import type { Scope, Settled } from '../scope';

/** Holds the run until a person has decided on what is shown; the approved content is the output. */
export async function approval(step: ApprovalNode, scope: Scope): Promise<Outcome> {
  let content = step.content === undefined ? scope.lookup('previous') : await scope.value(step.content);
  for (let revisions = 0; ; revisions++) {
    const settled = await scope.decide({
      kind: 'approval',
      title: step.title,
      content,
      risk: step.risk,
      allow: step.allow,
      timeoutMs: step.timeoutMs,
      reason: null,
      schemaAt: step.schemaAt ?? null,
    });
    if (settled.status === 'expired') return expired(step, scope, settled);
    const { decision, by, comment } = settled;
    if (decision !== 'reject') return completed(settled.content, { inline: { decision, by, comment } });
    if (step.revise === undefined || revisions >= (step.maxRevisions ?? 0))
      return refused(step, scope, settled);
    const revised = await scope.run(
      step.revise,
      `revise.${String(revisions + 1)}`,
      rejected(content, comment),
    );
    if (!isFinished(revised)) return { ...revised, value: content };
    if (revised.type !== 'skipped') content = outputOf(revised);
  }
}

/** What the step that revises is given: what was shown, and what was said of it. */
function rejected(content: Value, comment: string | null) {
  const names = { previous: content, comment: { inline: comment } };
  const handed = Object.entries(names).map(([name, value]) => ({ name, value }));
  return { names, handed, repeated: true };
}

function refused(step: ApprovalNode, scope: Scope, { by, comment }: Settled): Outcome {
  if (step.onReject === 'skip') return completed(nothing);
  return { type: 'rejected', by, step: scope.path, comment, value: nothing };
}

/** Nobody answered in time. Expiry is not rejection unless the plan says so. */
function expired(step: ApprovalNode, scope: Scope, settled: Settled): Outcome {
  switch (step.onTimeout) {
    case 'fail':
      return failed(scope.path, 'approval_expired', 'Nobody decided before the approval expired.');
    case 'reject':
      return refused(step, scope, settled);
    case 'approve':
      return completed(settled.content);
    case 'skip':
      return { type: 'skipped', reason: 'nobody decided before the approval expired' };
  }
}
