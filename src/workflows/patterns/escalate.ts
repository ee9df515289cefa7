import type { Value } from '../../contract/value';
import { escalationOf, unresolved } from '../escalation';
import { completed, type Outcome } from '../outcome';
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
  const settled = await scope.decide(escalationOf({ title, content, reason, retries, schemaAt }));
  switch (settled.decision) {
    case 'retry':
      return 'again';
    case 'answer':
      return completed(settled.content);
    case 'skip':
      return doubt.skipped(settled.by);
    default:
      return { ...unresolved(scope.path, settled), value: kept };
  }
}
