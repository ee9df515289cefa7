import { limits } from '../../contract/limits';
import type { Value } from '../../contract/value';
import { completed, failed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** A result that the pattern can't let pass by itself. */
interface Doubt {
  title: string;
  content: Value;
  reason: string;
  /** What the step has, for those who come after a failure. */
  kept: Value;
  /** How often a person has asked for another try already. */
  retries: number;
  /** JSON Pointer of the schema that a person's answer must fit, if any. */
  schemaAt?: string;
  /** What follows where a person lets it pass. */
  skipped(by: string): Outcome;
}

/** Has a person decide: try once more, answer instead, let it pass, or fail. */
export async function escalate(scope: Scope, doubt: Doubt): Promise<Outcome | 'again'> {
  const { title, content, reason, kept, retries, schemaAt = null } = doubt;
  const mayRetry = retries < limits.escalationRetriesMax;
  const settled = await scope.decide({
    kind: 'escalation',
    title: { text: title },
    content,
    risk: 'high',
    allow: mayRetry ? ['retry', 'answer', 'skip', 'fail'] : ['answer', 'skip', 'fail'],
    timeoutMs: limits.escalationHours * 3_600_000,
    reason,
    schemaAt,
  });
  switch (settled.decision) {
    case 'retry':
      return 'again';
    case 'answer':
      return completed(settled.content);
    case 'skip':
      return doubt.skipped(settled.by);
    default:
      return settled.status === 'expired'
        ? {
            ...failed(scope.path, 'approval_expired', 'Nobody decided before the escalation expired.'),
            value: kept,
          }
        : {
            ...failed(scope.path, 'escalation_failed', settled.comment ?? `${settled.by} ended it.`),
            value: kept,
          };
  }
}
