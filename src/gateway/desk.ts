import type { FastifyBaseLogger } from 'fastify';
import type { Catalog } from '../catalog/catalog';
import type { Database } from '../ledger/database';
import type { Deltas } from './deltas';
import type { Line } from './line';
import type { Meters } from './meters';
import type { Vendors } from './vendors/select';

/** What all calls of one gateway share. */
export interface Desk {
  database: Database;
  catalog: Catalog;
  vendors: Vendors;
  line: Line;
  deltas: Deltas;
  meters: Meters;
  log: FastifyBaseLogger;
  /** This incarnation of the gateway: a fresh one at each start. */
  owner: string;
}
