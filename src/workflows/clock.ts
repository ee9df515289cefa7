import type { ApprovalKind } from '../contract/journal';
import { createLimits, type Limits } from './limits';

/** What is waited for where nobody works: the reason of status `waiting`. */
export type WaitReason = ApprovalKind | 'vendor' | 'event' | 'timer';

/** What stops a clock; at the gate nobody waits for anything but ourselves, and no status says so. */
export type Pause = WaitReason | 'gate';

/** Active time so far: `ms` until the moment `since`, from which on it runs; null while it stands still. */
export interface Active {
  ms: number;
  since: number | null;
}

/**
 * Time that counts. A clock belongs to a step and knows the clocks of the steps inside it; it stands
 * still while the step waits for a person or a vendor, and with several open branches only while
 * every one of them waits. The root's clock tells the run's status.
 */
export interface Clock {
  child(): Clock;
  /** Marks this step as waiting until `until` has settled. */
  wait<T>(reason: Pause, until: () => Promise<T>): Promise<T>;
  /** Calls `expire` once after so much counted time, unless the clock is closed before; at once where none is left. */
  limit: Limits['add'];
  limitsLeft: Limits['left'];
  close(): void;
  /** Null while somebody works. */
  waitingFor(): Pause | null;
  activeMilliseconds(): number;
  active(): Active;
}

/** `before` is what an earlier Temporal run has counted. */
export function createClock(changed: () => void, before: Active = { ms: 0, since: null }): Clock {
  const children = new Set<Clock>();
  const waits: Pause[] = [];
  const limits = createLimits();
  let waiting: Pause | null = null;
  let closed = false;
  let activeBefore = before.ms;
  let activeSince = before.since ?? Date.now();

  const waitingFor = () => reasonOf(waits, children);
  const active = () => activeBefore + (waiting === null && !closed ? Date.now() - activeSince : 0);

  function update(): void {
    const now = waitingFor();
    if ((now === null) !== (waiting === null)) {
      if (now === null) activeSince = Date.now();
      else activeBefore += Date.now() - activeSince;
      waiting = now;
      limits.turn(now === null);
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
    limit: limits.add,
    limitsLeft: limits.left,
    close() {
      activeBefore = active();
      closed = true;
      limits.clear();
    },
    waitingFor,
    activeMilliseconds: active,
    active: () => ({ ms: activeBefore, since: waiting === null && !closed ? activeSince : null }),
  };
}

/** A step waits where it waits itself, or where it has steps inside it and every one of them waits. */
function reasonOf(waits: Pause[], children: Set<Clock>): Pause | null {
  if (waits.length > 0) return waits[0] ?? null;
  let reason: Pause | null = null;
  for (const child of children) {
    const childReason = child.waitingFor();
    if (childReason === null) return null;
    if (reason === null || childReason === 'gate') reason = childReason;
  }
  return reason;
}
