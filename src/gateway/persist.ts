import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { limits } from '../contract/limits';

/**
 * Repeats a statement while the database can't be reached, for `limits.settleMinutesMax` at most: an
 * answer that was paid for is held rather than lost. The statement may have been done although its
 * answer never came, so the caller must judge what it says the second time.
 */
export async function persist<Result>(statement: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + limits.settleMinutesMax * 60_000;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await statement();
    } catch (error) {
      if (!isPassing(error) || Date.now() > until) throw error;
      await sleep(pauseMs);
    }
  }
}

/** Whether an error of `pg` is the connection's or the server's condition, and not the statement's fault. */
export function isPassing(error: unknown): boolean {
  // Classes of SQLSTATE: connection, rollback by a deadlock, resources, operator intervention.
  if (error instanceof DatabaseError) return /^(08|40|53|57)/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return /^E[A-Z]+$/.test(code);
  return /^(Connection terminated|timeout exceeded|Client has encountered a connection error)/.test(error.message);
}
