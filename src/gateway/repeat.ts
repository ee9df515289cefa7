/** A task that is done again and again. */
export interface Repetition {
  /** No further round; waits for the one under way. */
  stop(): Promise<void>;
}

/** Does a task every so often, one round at a time, the first one at once. It must not throw. */
export function repeat(everyMs: number, task: () => Promise<void>): Repetition {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  const next = (): void => {
    round = task().then(() => {
      if (!stopped) timer = setTimeout(next, everyMs);
    });
  };
  next();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      return round;
    },
  };
}
