import { createHash } from 'node:crypto';
import type { Database } from './database';

/** What a key may do. */
export const scopes = [
  'runs:read',
  'runs:write',
  'approvals:decide',
  'plans:write',
  'audit:read',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/** Who speaks, as the key says. */
export interface Principal {
  tenant: string;
  key: string;
  user: string;
  roles: string[];
  scopes: string[];
  expired: boolean;
}

/** SHA-256 of a key. A fast hash is enough: keys are random and long, not passwords. */
export function hashKey(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Finds out whose key this is, and notes at most once a minute that it was used. */
export async function findPrincipal(database: Database, secret: string): Promise<Principal | null> {
  const { rows } = await database.query<Principal>(
    `WITH used AS (
       UPDATE api_keys SET last_used_at = now()
       WHERE secret_hash = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute'))
     SELECT tenant, id AS key, user_name AS "user", roles, scopes,
       coalesce(expires_at <= now(), false) AS expired
     FROM api_keys WHERE secret_hash = $1`,
    [hashKey(secret)],
  );
  return rows[0] ?? null;
}

/**
 * Makes or renews the first admin key of tenant `default`: user `admin`, every role, every scope.
 * Several APIs may start at once on an empty database: whoever comes second finds the key made.
 */
export async function ensureAdminKey(database: Database, secret: string): Promise<void> {
  const values = [hashKey(secret), [...scopes]];
  await database.query(
    `INSERT INTO api_keys (tenant, id, name, user_name, roles, scopes, secret_hash)
     VALUES ('default', 'admin', 'The first key', 'admin', ARRAY['*'], $2, $1)
     ON CONFLICT DO NOTHING`,
    values,
  );
  await database.query(
    `UPDATE api_keys SET secret_hash = $1, scopes = $2
     WHERE tenant = 'default' AND id = 'admin' AND (secret_hash, scopes) IS DISTINCT FROM ($1, $2)`,
    values,
  );
}
