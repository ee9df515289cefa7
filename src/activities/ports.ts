import type { Catalog } from '../catalog/catalog';
import type { Database } from '../ledger/database';

/** What the activities are made with. */
export interface Ports {
  database: Database;
  catalog: Catalog;
  /** Base URLs; a call goes to the first that answers. */
  gatewayUrls: string[];
  internalKey: string;
}
