import { setTimeout as sleep } from 'node:timers/promises';
import { EventEmitter, once } from 'node:events';

/** Where calls wait that don't fit a budget while others hold reservations in it. */
export interface Line {
  /** Until something of the run settles here, `ms` have passed or a signal says otherwise. Never throws. */
  wait(tenant: string, run: string, options: { ms: number; signal: AbortSignal }): Promise<void>;
  settled(tenant: string, run: string): void;
}

/** One for a gateway. Calls that other gateways settle are noticed when the time is over. */
export function createLine(): Line {
  const emitter = new EventEmitter().setMaxListeners(0);
  const nameOf = (tenant: string, run: string): string => `${tenant}/${run}`;
  return {
    async wait(tenant, run, { ms, signal }) {
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      await Promise.race([
        once(emitter, nameOf(tenant, run), { signal: either }),
        sleep(ms, undefined, { signal: either }),
      ]).catch(() => undefined);
      over.abort();
    },
    settled: (tenant, run) => void emitter.emit(nameOf(tenant, run)),
  };
}
