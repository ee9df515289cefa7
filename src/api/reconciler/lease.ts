import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Database } from '../../ledger/database';
import { giveLeaseBack, takeLease } from '../../ledger/leases';

export interface Lease {
  /** Takes it where it is free, and prolongs it where it is held. */
  renew(): Promise<void>;
  /** Whether this process has it, by its own clock. */
  isHolder(): boolean;
  /** For good: it isn't taken again. */
  giveBack(): Promise<void>;
}

/** A lease that this process shares with others like it. Its owner's name says who to look for. */
export function createLease(database: Database, { name, seconds }: { name: string; seconds: number }): Lease {
  const owner = `${hostname()} ${String(process.pid)} ${randomUUID()}`;
  let heldUntil = 0;
  let over = false;
  let renewal = Promise.resolve();

  async function take(): Promise<void> {
    if (over) return;
    const asked = performance.now();
    const taken = await takeLease(database, { name, owner, seconds });
    // From before the question: the ledger's own end of it is later.
    heldUntil = taken ? asked + seconds * 1000 : 0;
  }

  return {
    renew() {
      const renewed = renewal.then(take);
      renewal = renewed.catch(() => undefined);
      return renewed;
    },
    isHolder: () => !over && performance.now() < heldUntil,
    async giveBack() {
      over = true;
      // One that is under way would take it again.
      await renewal;
      await giveLeaseBack(database, { name, owner });
    },
  };
}
