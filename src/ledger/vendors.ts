import type { UsableVendors } from '../catalog/catalog';
import { limits } from '../contract/limits';
import type { Database } from './database';

export interface VendorState {
  vendor: string;
  usable: boolean;
  simulated: boolean;
}

/** Says which vendors this gateway can call. To be repeated: what is old doesn't count. */
export async function publishVendors(database: Database, vendors: readonly VendorState[]): Promise<void> {
  await database.query(
    `INSERT INTO vendors (vendor, usable, simulated, published_at)
     SELECT v.vendor, v.usable, v.simulated, now()
     FROM unnest($1::text[], $2::boolean[], $3::boolean[]) AS v (vendor, usable, simulated)
     ORDER BY v.vendor
     ON CONFLICT (vendor) DO UPDATE SET usable = excluded.usable, simulated = excluded.simulated,
       published_at = excluded.published_at`,
    [vendors.map((v) => v.vendor), vendors.map((v) => v.usable), vendors.map((v) => v.simulated)],
  );
}

/** Which vendors a gateway said lately that it can call; none where no gateway is alive. */
export async function readUsableVendors(database: Database): Promise<UsableVendors> {
  const { rows } = await database.query<{ vendor: string; simulated: boolean }>(
    `SELECT vendor, simulated FROM vendors
     WHERE usable AND published_at > now() - $1 * interval '1 second' ORDER BY vendor`,
    [limits.vendorsStaleSeconds],
  );
  return { simulated: rows.some((row) => row.simulated), vendors: rows.map((row) => row.vendor) };
}
