import type { Database } from '../ledger/database';

/** What the activities are made with. */
export interface Ports {
  database: Database;
  /** Base URLs; a call goes to the first that answers. */
  gatewayUrls: string[];
  internalKey: string;
}
