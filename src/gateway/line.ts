/** A place in the line of one run. */
export interface Place {
  /**
   * Until it is worth trying: the place has become the first, or something of the run has settled
   * here. The first in line is also woken after `ms`, and answered true: others may have settled
   * elsewhere. Ends with the signal at the latest.
   */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
  leave(): void;
}

/** Where calls wait that don't fit a budget while others hold reservations in it; first come, first served. */
export interface Line {
  join(tenant: string, run: string): Place;
  settled(tenant: string, run: string): void;
}

interface Waiter {
  wake(): void;
}

/** One for a gateway. Only the first in line tries again, so that a long line costs no more than a short one. */
export function createLine(): Line {
  const lines = new Map<string, Waiter[]>();
  return {
    join(tenant, run) {
      const name = `${tenant}/${run}`;
      const waiters = lines.get(name) ?? [];
      lines.set(name, waiters);
      const bell = createBell();
      waiters.push(bell);
      return {
        wait: (ms, signal) => bell.wait(waiters[0] === bell ? ms : null, signal),
        leave() {
          const wasFirst = waiters[0] === bell;
          waiters.splice(waiters.indexOf(bell), 1);
          if (wasFirst) waiters[0]?.wake();
          if (waiters.length === 0) lines.delete(name);
        },
      };
    },
    settled: (tenant, run) => lines.get(`${tenant}/${run}`)?.[0]?.wake(),
  };
}

/** A bell that remembers being rung while nobody listened. */
function createBell(): Waiter & { wait(ms: number | null, signal: AbortSignal): Promise<boolean> } {
  let rung = false;
  let listener: (() => void) | null = null;
  return {
    wake() {
      rung = true;
      listener?.();
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          resolve(!rung && !signal.aborted);
          rung = false;
          listener = null;
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
        };
        const timer = ms === null ? undefined : setTimeout(end, ms);
        listener = end;
        if (rung || signal.aborted) end();
        else signal.addEventListener('abort', end);
      }),
  };
}
