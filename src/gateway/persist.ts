import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../contract/limits';
import { isDatabaseAway } from '../ledger/database-away';

const deadlock = '40P01';

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
      const passes = isDatabaseAway(error) || (error as { code?: unknown }).code === deadlock;
      if (!passes || Date.now() > until) throw error;
      await sleep(pauseMs);
    }
  }
}
