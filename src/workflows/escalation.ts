import { limits } from '../contract/limits';
import type { Value } from '../contract/value';
import { failed, type Failed } from './outcome';
import type { Matter, Settled } from './scope';

interface Escalated {
  title: string;
  content: Value;
  reason: string;
  /** How often a person has asked for another try already; null where there is nothing to try again. */
  retries: number | null;
  /** JSON Pointer of the schema that a person's answer must fit, if any. */
  schemaAt?: string | null;
}

/** What a person is asked when the work can't go on by itself: try again, answer instead, leave out, or fail. */
export function escalationOf({ title, content, reason, retries, schemaAt = null }: Escalated): Matter {
  const mayRetry = retries !== null && retries < limits.escalationRetriesMax;
  return {
    kind: 'escalation',
    title: { text: title.slice(0, limits.titleCharactersMax) },
    content,
    risk: 'high',
    allow: mayRetry ? ['retry', 'answer', 'skip', 'fail'] : ['answer', 'skip', 'fail'],
    timeoutMs: limits.escalationHours * 3_600_000,
    reason,
    schemaAt,
  };
}

/** The failure of what a person neither had tried again nor answered nor left out, or that nobody decided. */
export function unresolved(path: string, { status, by, comment }: Settled, why?: string): Failed {
  if (status === 'expired')
    return failed(path, 'approval_expired', 'Nobody decided before the escalation expired.');
  return failed(
    path,
    'escalation_failed',
    comment ?? `${by} ended it${why === undefined ? '.' : `: ${why}`}`,
  );
}
