import type { StartRun } from '../../contract/api';
import { problems } from '../../contract/problems';
import { readClaimedRun, type IdempotencyId } from '../../ledger/idempotency';
import { TemplateError } from '../../plan/liquid';
import { ProblemError } from '../problem';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';
import { acceptRun } from './start-run';
import { startWorkflow } from './workflow-start';

interface Unasked {
  body: StartRun;
  /** Whose run it is. */
  principal: { tenant: string; user: string };
  /** What it is started for, which starts nothing else. */
  id: IdempotencyId;
  /** Notes what it is started for, before its first step can ask. */
  note?(run: string): Promise<void>;
}

/** Starts a run that no request asks for, once for what it is started for; answers its id. */
export async function startUnasked(
  service: Service,
  { body, principal, id, note }: Unasked,
): Promise<string | null> {
  const accepted = await acceptRun(service, { body, principal, keyed: { id, requestHash: id.keyHash } });
  const run = accepted?.row.id ?? (await readClaimedRun(service.database, id));
  if (run !== null) await note?.(run);
  if (accepted === null) return run;
  try {
    await startWorkflow(service, accepted.row, accepted.frozen);
  } catch (error) {
    // It is in the ledger, and is started when Temporal answers again.
    if (!isTemporalAway(error)) throw error;
  }
  return run;
}

/** What is wrong with such a start for good; null where trying again may help. */
export function refusalOf(error: unknown): string | null {
  if (error instanceof TemplateError) return error.message;
  if (!(error instanceof ProblemError) || problems[error.code].retryable) return null;
  return [error.message, ...error.errors.slice(0, 3).map(({ path, message }) => `${path} ${message}`)].join(
    ' ',
  );
}
