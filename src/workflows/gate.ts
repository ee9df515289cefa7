import { CancellationScope } from '@temporalio/workflow';
import type { Clock } from './clock';

/**
 * Where everything passes that makes commands for a step. To go on as a new Temporal run it is closed:
 * nothing new begins, what has begun comes to its end and is recorded, and what is held here is asked
 * for again when the next Temporal run walks the plan. That one opens it when everything stands where
 * it stood.
 */
export interface Gate {
  /** Looks whether it is time to close, too. */
  isOpen(): boolean;
  /**
   * Fulfilled when it opens again, which it never does where the run is continued. Rejected when the
   * step is ended. The step's clock stands still meanwhile.
   */
  opened(clock: Clock): Promise<void>;
  /** Work that is to be waited for before the run is continued. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  /** The same once it is admitted. */
  pass<T>(clock: Clock, work: () => Promise<T>): Promise<T>;
  /** Lets in what was held. */
  open(): void;
  /** And closes no more. */
  openForGood(): void;
  /** It is closed for the run to be continued, and nothing is under way. */
  isIdle(): boolean;
  /** How much work has come to its end. */
  settled(): number;
}

interface Options {
  /** Whether this is a later Temporal run of a run, which has to find its place first. */
  restoring: boolean;
  /** Whether the run should be continued. Asked before anything is admitted. */
  isTime(): boolean;
}

export function createGate({ restoring, isTime }: Options): Gate {
  let state: 'restoring' | 'open' | 'closed' | 'open for good' = restoring ? 'restoring' : 'open';
  let held: (() => void)[] = [];
  let underWay = 0;
  let settled = 0;

  function isOpen(): boolean {
    if (state === 'open' && isTime()) state = 'closed';
    return state === 'open' || state === 'open for good';
  }

  function opened(clock: Clock): Promise<void> {
    const admitted = new Promise<void>((resolve) => held.push(resolve));
    const { cancellable, cancelRequested } = CancellationScope.current();
    // Work that must come to its end in a step that was ended waits here like any other.
    return clock.wait('gate', () => (cancellable ? Promise.race([admitted, cancelRequested]) : admitted));
  }

  async function busy<T>(work: () => Promise<T>): Promise<T> {
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
      settled++;
    }
  }

  function release(): void {
    const freed = held;
    held = [];
    for (const go of freed) go();
  }

  return {
    isOpen,
    opened,
    busy,
    pass: (clock, work) => (isOpen() ? busy(work) : opened(clock).then(() => busy(work))),
    open() {
      if (state === 'restoring') state = 'open';
      release();
    },
    openForGood() {
      state = 'open for good';
      release();
    },
    isIdle: () => !isOpen() && state === 'closed' && underWay === 0,
    settled: () => settled,
  };
}
