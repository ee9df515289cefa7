import type { Database } from './database';
import { limits } from '../contract/limits';

/** Requests a minute of all calls with one key, such as a plan's name and an agent's. */
export interface Rate {
  key: string;
  perMinute: number;
}

/** Makes the row that `sendCall` locks, where there is none yet. */
export async function ensureRate(database: Database, tenant: string, key: string): Promise<void> {
  await database.query('INSERT INTO rates (tenant, key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    tenant,
    key,
  ]);
}

/** Removes the rows of agents that have not called for long. */
export async function forgetRates(database: Database): Promise<void> {
  await database.query(`DELETE FROM rates WHERE used_at < now() - $1 * interval '1 minute'`, [
    limits.rateKeepMinutes,
  ]);
}
