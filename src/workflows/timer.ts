import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/** A timer that can be held and run on. */
export interface Timer {
  run(): void;
  hold(): void;
}

/** Calls `expire` after so much time in which it ran; while it is held it keeps what is left. */
export function createTimer(milliseconds: number, expire: () => void): Timer {
  let left = milliseconds;
  let armed: { scope: CancellationScope; at: number } | null = null;
  return {
    run() {
      if (armed !== null) return;
      const scope = new CancellationScope();
      armed = { scope, at: Date.now() };
      scope
        .run(() => sleep(left))
        .then(expire, (error: unknown) => {
          if (!isCancellation(error)) throw error;
        });
    },
    hold() {
      if (armed === null) return;
      left = Math.max(1, left - (Date.now() - armed.at));
      armed.scope.cancel();
      armed = null;
    },
  };
}
