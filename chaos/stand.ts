import type { Proxy } from './proxy';
import type { Timeline } from './timeline';
import type { Vendor } from './vendor';

export type Kind = 'api' | 'worker' | 'gateway' | 'temporal' | 'database';
export type Profile = 'embedded' | 'postgres';

/** A part that can be hit. Whoever ends it need not start it again: that happens by itself. */
export interface Victim {
  name: string;
  kind: Kind;
  /** Fulfilled when it is there to be hit. */
  ready(): Promise<unknown>;
  /** `kill -9`; for Postgres a restart in mode «immediate». Fulfilled when it is dead. */
  kill(): Promise<void>;
  /** SIGSTOP; undefined where that would not stop all of it. */
  freeze?(): void;
  thaw?(): void;
  /** SIGTERM; undefined where a deploy does not restart it. */
  terminate?(): Promise<void>;
}

/** Between whom a proxy stands. */
export type Link = 'gateway-vendor' | 'worker-gateway' | 'worker-temporal' | 'api-temporal' | 'all-database';

export interface Wire {
  name: string;
  link: Link;
  proxy: Proxy;
}

/** The service under test with everything that can be done to it. */
export interface Stand {
  profile: Profile;
  apiUrls: string[];
  /** The admin key. */
  key: string;
  /** Past all proxies: for those who judge. */
  databaseUrl: string;
  temporalAddress: string;
  taskQueue: string;
  vendor: Vendor;
  victims: Victim[];
  wires: Wire[];
  /** Ends all faults, and waits until every part is there. */
  heal(): Promise<void>;
  close(): Promise<void>;
  /** Ends it at once, without a wait: for a harness that is told to end itself. */
  abandon(): void;
}

export interface StandOptions {
  /** A folder of its own; it holds data, logs and the vendor's ledger. */
  folder: string;
  timeline: Timeline;
  latencyMs: number;
  workers: number;
  gateways: number;
  /** A folder of an embedded database to begin with, which saves making one. */
  databaseTemplate?: string | undefined;
}
