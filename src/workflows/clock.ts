import { createTimer, type Timer } from './timer';

/** What is waited for where nobody works: the reason of status `waiting`. */
export type WaitReason = 'approval' | 'escalation' | 'vendor';

/**
 * Time that counts. A clock belongs to a step and knows the clocks of the steps inside it; it stands
 * still while the step waits for a person or a vendor, and with several open branches only while
 * every one of them waits. The root's clock tells the run's status.
 */
export interface Clock {
  child(): Clock;
  /** Marks this step as waiting until `until` has settled. */
  wait<T>(reason: WaitReason, until: () => Promise<T>): Promise<T>;
  /** Calls `expire` once after so much counted time, unless the clock is closed before. */
  limit(milliseconds: number, expire: () => void): void;
  close(): void;
  /** Null while somebody works. */
  waitingFor(): WaitReason | null;
  activeMilliseconds(): number;
}

export function createClock(changed: () => void): Clock {
  const children = new Set<Clock>();
  const waits: WaitReason[] = [];
  const timers = new Set<Timer>();
  let waiting: WaitReason | null = null;
  let closed = false;
  let activeBefore = 0;
  let activeSince = Date.now();

  const waitingFor = () => reasonOf(waits, children);
  const active = () => activeBefore + (waiting === null && !closed ? Date.now() - activeSince : 0);

  function update(): void {
    const now = waitingFor();
    if ((now === null) !== (waiting === null)) {
      if (now === null) activeSince = Date.now();
      else activeBefore += Date.now() - activeSince;
      waiting = now;
      for (const timer of timers)
        if (now === null) timer.run();
        else timer.hold();
    }
    waiting = now;
    changed();
  }

  return {
    child() {
      const child = createClock(update);
      children.add(child);
      const close = child.close;
      child.close = () => {
        close();
        // A closed child no longer speaks for its parent: the last one to go leaves it at work.
        if (children.delete(child)) update();
      };
      update();
      return child;
    },
    async wait(reason, until) {
      waits.push(reason);
      update();
      try {
        return await until();
      } finally {
        waits.splice(waits.indexOf(reason), 1);
        update();
      }
    },
    limit(milliseconds, expire) {
      const timer = createTimer(milliseconds, () => {
        timers.delete(timer);
        expire();
      });
      timers.add(timer);
      if (waiting === null) timer.run();
    },
    close() {
      activeBefore = active();
      closed = true;
      for (const timer of timers) timer.hold();
      timers.clear();
    },
    waitingFor,
    activeMilliseconds: active,
  };
}

/** A step waits where it waits itself, or where it has steps inside it and every one of them waits. */
function reasonOf(waits: WaitReason[], children: Set<Clock>): WaitReason | null {
  if (waits.length > 0) return waits[0] ?? null;
  let reason: WaitReason | null = null;
  for (const child of children) {
    const childReason = child.waitingFor();
    if (childReason === null) return null;
    reason ??= childReason;
  }
  return reason;
}
