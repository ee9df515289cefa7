import { setTimeout as sleep } from 'node:timers/promises';
import type { Victim, Wire } from './stand';

/** Something bad that begins and is over. */
export interface Fault {
  name: string;
  /** Fulfilled when it is over, and who was hit is on its way back. */
  strike(): Promise<void>;
}

export function kill(victim: Victim): Fault {
  return { name: `kill ${victim.name}`, strike: () => victim.kill() };
}

/** Stops a process where it stands for so long, with its connections open. */
export function freeze(victim: Victim, ms: number): Fault {
  return {
    name: `freeze ${victim.name} for ${String(ms / 1000)} s`,
    async strike() {
      victim.freeze?.();
      await sleep(ms);
      victim.thaw?.();
    },
  };
}

/** What a deploy does to it. */
export function restart(victim: Victim): Fault {
  return { name: `restart ${victim.name}`, strike: () => victim.terminate?.() ?? Promise.resolve() };
}

export type Trouble = 'cut' | 'black hole' | 'delay' | 'reset';
export const troubles: readonly Trouble[] = ['cut', 'black hole', 'delay', 'reset'];
const delayMs = 400;

/** A wire in trouble for so long. */
export function disturb({ name, proxy }: Wire, trouble: Trouble, ms: number): Fault {
  return {
    name: trouble === 'reset' ? `reset ${name}` : `${trouble} ${name} for ${String(ms / 1000)} s`,
    async strike() {
      begin();
      if (trouble === 'reset') return;
      await sleep(ms);
      proxy.heal();
    },
  };

  function begin(): void {
    switch (trouble) {
      case 'cut':
        proxy.cut();
        return;
      case 'black hole':
        proxy.blackHole();
        return;
      case 'delay':
        proxy.delay(delayMs);
        return;
      case 'reset':
        proxy.reset();
        return;
      default:
        trouble satisfies never;
    }
  }
}
