import { createTimer, millisecondsLeft, type Left, type Timer } from './timer';

/** Which limit of time it is: the step's own, that of a branch, that of its `limits`, or the run's. */
export type LimitKind = 'step' | 'branch' | 'limit' | 'run';
export type LimitsLeft = Partial<Record<LimitKind, Left>>;

/** The limits of time that a clock keeps. They run while it runs. */
export interface Limits {
  add(kind: LimitKind, left: Left, expire: () => void): void;
  /** What is left of each that has not expired. */
  left(): LimitsLeft;
  turn(running: boolean): void;
  clear(): void;
}

export function createLimits(): Limits {
  const timers = new Map<LimitKind, Timer>();
  let runs = true;
  return {
    add(kind, left, expire) {
      const milliseconds = millisecondsLeft(left);
      if (milliseconds <= 0) {
        expire();
        return;
      }
      const timer = createTimer(milliseconds, () => {
        timers.delete(kind);
        expire();
      });
      timers.set(kind, timer);
      if (runs) timer.run();
    },
    left: () => Object.fromEntries([...timers].map(([kind, timer]) => [kind, timer.left()])),
    turn(running) {
      runs = running;
      for (const timer of timers.values())
        if (running) timer.run();
        else timer.hold();
    },
    clear() {
      for (const timer of timers.values()) timer.hold();
      timers.clear();
    },
  };
}
