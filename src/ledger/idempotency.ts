import { createHash } from 'node:crypto';
import type { Database } from './database';

/** Names one request of one caller: the same key on another path or by another caller is another request. */
export interface IdempotencyId {
  tenant: string;
  principal: string;
  /** Method and path. */
  route: string;
  /** SHA-256 of the header, so that no secret put there by mistake is stored. */
  keyHash: string;
}

/** Where the first request under a key stands. */
export type Claim =
  | { type: 'mine'; run: string | null }
  | { type: 'answered'; status: number; answer: Buffer }
  | { type: 'other_request' }
  | { type: 'in_progress' };

export const keptDays = { start: 90, other: 1 } as const;
/** After so many seconds without an answer a repeat takes the work over. */
const abandonedAfterSeconds = 10;

interface Row {
  request_hash: string;
  status: number | null;
  answer: Buffer | null;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Takes the key for this request, or says who has it. A record that has expired counts as none. */
export async function claim(database: Database, id: IdempotencyId, requestHash: string): Promise<Claim> {
  const taken = await database.query(
    `INSERT INTO idempotency (tenant, principal, route, key_hash, request_hash, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => ${keptDays.other}))
     ON CONFLICT (tenant, principal, route, key_hash) DO UPDATE
       SET request_hash = excluded.request_hash, run = NULL, status = NULL, answer = NULL,
         created_at = now(), expires_at = excluded.expires_at
       WHERE idempotency.expires_at <= now()`,
    [...columns(id), requestHash],
  );
  if (taken.rowCount === 1) return { type: 'mine', run: null };
  return (await findClaim(database, id, requestHash)) ?? { type: 'in_progress' };
}

/** Looks whether a request was made before, and takes over one that was left unanswered. Null: never. */
export async function findClaim(
  database: Database,
  id: IdempotencyId,
  requestHash: string,
): Promise<Claim | null> {
  const { rows } = await database.query<Row>(
    `SELECT request_hash, status, answer FROM idempotency
     WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4 AND expires_at > now()`,
    columns(id),
  );
  const row = rows[0];
  if (row === undefined) return null;
  if (row.request_hash !== requestHash) return { type: 'other_request' };
  if (row.status !== null && row.answer !== null)
    return { type: 'answered', status: row.status, answer: row.answer };
  const abandoned = await database.query<{ run: string | null }>(
    `UPDATE idempotency SET created_at = now()
     WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4 AND status IS NULL
       AND created_at < now() - make_interval(secs => ${abandonedAfterSeconds}) RETURNING run`,
    columns(id),
  );
  const over = abandoned.rows[0];
  return over === undefined ? { type: 'in_progress' } : { type: 'mine', run: over.run };
}

/** The run that was started under a key, by whomever; null where there is none. */
export async function readClaimedRun(database: Database, id: IdempotencyId): Promise<string | null> {
  const { rows } = await database.query<{ run: string | null }>(
    `SELECT run FROM idempotency WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4`,
    columns(id),
  );
  return rows[0]?.run ?? null;
}

/** Keeps the answer for those who repeat the request. */
export async function keepAnswer(
  database: Database,
  id: IdempotencyId,
  answer: { status: number; body: string },
): Promise<void> {
  await database.query(
    `UPDATE idempotency SET status = $5, answer = $6
     WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4`,
    [...columns(id), answer.status, Buffer.from(answer.body, 'utf8')],
  );
}

/** Forgets a request that changed nothing, so that it is judged anew when it is repeated. */
export async function releaseClaim(database: Database, id: IdempotencyId): Promise<void> {
  await database.query(
    `DELETE FROM idempotency
     WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4 AND status IS NULL`,
    columns(id),
  );
}

/** Lets the next repeat take over at once: this process knows that it has given up. */
export async function abandonClaim(database: Database, id: IdempotencyId): Promise<void> {
  await database.query(
    `UPDATE idempotency SET created_at = now() - make_interval(secs => ${abandonedAfterSeconds + 1})
     WHERE tenant = $1 AND principal = $2 AND route = $3 AND key_hash = $4 AND status IS NULL`,
    columns(id),
  );
}

/** Removes what is kept no longer. */
export async function forgetExpired(database: Database): Promise<void> {
  await database.query('DELETE FROM idempotency WHERE expires_at < now()');
}

function columns(id: IdempotencyId): string[] {
  return [id.tenant, id.principal, id.route, id.keyHash];
}
