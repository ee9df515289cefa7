import type { Excuses } from './checks/money';
import type { Fault } from './faults';
import type { Ledger } from './ledger';
import type { Load } from './load';
import type { Random } from './random';
import type { Shape } from './shapes';
import type { Kind, Profile, Stand, Victim } from './stand';

/** How large a round is. */
export interface Size {
  /** At least so many runs are started; more while the faults go on. */
  runs: number;
  /** Faults, at least. */
  strikes: number;
  /** How many runs may be open at a time. */
  openMax: number;
}

/** One kind of round. */
export interface Scenario {
  name: string;
  /** A sentence: what is hit, and what must hold. */
  about: string;
  /** Where it can be played; the first is usual. */
  profiles: readonly Profile[];
  workers: number;
  gateways: number;
  /** About how long the vendor takes to answer. */
  latencyMs: number;
  shapes: readonly Shape[];
  size: Size;
  /** The form that the tests play. */
  short: Size;
  excuses: Excuses;
  /** At most so many runs may be open when the last fault strikes. */
  openAtLastFaultMax?: number;
  /** Goes between the client and the API, and may strike there; undefined where nothing stands between. */
  gate?(round: Omit<Round, 'load'>): Promise<Gate>;
  /** Phase one: returns when the last fault is over. */
  strike(round: Round): Promise<void>;
}

/** What a client is sent through. */
export interface Gate {
  url: string;
  close(): Promise<void>;
}

/** A round under way. */
export interface Round {
  stand: Stand;
  load: Load;
  ledger: Ledger;
  random: Random;
  size: Size;
  /** Strikes, and says so. */
  apply(fault: Fault): Promise<void>;
  /** How many faults struck. */
  strikes(): number;
  /** Attempts that were at the vendor when a gateway was killed, by a name of their own. */
  lost: Set<string>;
}

export function victimsOf({ victims }: Stand, ...kinds: Kind[]): Victim[] {
  return victims.filter(({ kind }) => kinds.includes(kind));
}

/** One of a kind. */
export function oneOf({ stand, random }: Round, ...kinds: Kind[]): Victim {
  return random.pick(victimsOf(stand, ...kinds));
}
