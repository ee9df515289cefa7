import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/** Time that is left of a limit: so much at the moment `since`, from which on it runs; null while it stands still. */
export interface Left {
  ms: number;
  since: number | null;
}

/** A timer that can be held and run on. */
export interface Timer {
  run(): void;
  hold(): void;
  left(): Left;
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
        .run(() => sleep(Math.max(1, left)))
        .then(expire, (error: unknown) => {
          if (!isCancellation(error)) throw error;
        });
    },
    hold() {
      if (armed === null) return;
      // Less than nothing where its end is only still on its way: a next Temporal run sees that it is over.
      left -= Date.now() - armed.at;
      armed.scope.cancel();
      armed = null;
    },
    left: () => ({ ms: left, since: armed === null ? null : armed.at }),
  };
}

/** What is left now. */
export function millisecondsLeft({ ms, since }: Left): number {
  return since === null ? ms : ms - (Date.now() - since);
}
