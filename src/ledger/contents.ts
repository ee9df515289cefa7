import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Database } from './database';

const plain = 1;
const keys = new LRUCache<string, Buffer>({ max: 1000 });
/** Contents never change, so what was read once is read again without asking. */
const bodies = new LRUCache<string, Buffer>({
  maxSize: 64 * 1024 * 1024,
  sizeCalculation: (body) => body.length + 1,
});

/** Contents that this process has seen stored, each for a run: what is written once need not be written again. */
const stored = new LRUCache<string, true>({ max: 50_000 });

/** To be told of a content that a statement has stored for a run, or that another process says it has. */
export function noteStored(
  { tenant, run }: { tenant: string; run: string },
  hash: string,
  body: Buffer,
): void {
  stored.set(`${tenant}/${run}/${hash}`, true);
  bodies.set(`${tenant}/${hash}`, body);
}

/** Makes a tenant if there is none by this id. */
export async function ensureTenant(database: Database, id: string, name: string): Promise<void> {
  await database.query(
    'INSERT INTO tenants (id, name, content_key) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING',
    [id, name, randomBytes(32)],
  );
}

/**
 * The name of a content: HMAC-SHA256 by the tenant's key, so that equal contents of two tenants
 * can't be told. Pure but for reading the key.
 */
export async function contentHash(database: Database, tenant: string, body: Buffer): Promise<string> {
  let key = keys.get(tenant);
  if (key === undefined) {
    const { rows } = await database.query<{ content_key: Buffer }>(
      'SELECT content_key FROM tenants WHERE id = $1',
      [tenant],
    );
    key = rows[0]?.content_key;
    if (key === undefined) throw new Error(`There is no tenant ${tenant}.`);
    keys.set(tenant, key);
  }
  return createHmac('sha256', key).update(body).digest('hex');
}

/** Stores a body once and notes that the run holds it. Answers its hash. */
export async function putContent(
  database: Database,
  tenant: string,
  run: string,
  body: Buffer,
): Promise<string> {
  const hash = await contentHash(database, tenant, body);
  if (stored.has(`${tenant}/${run}/${hash}`)) return hash;
  await database.query(
    `WITH body AS (
       INSERT INTO contents (tenant, hash, format, body, bytes) VALUES ($1, $2, ${plain}, $4, $5)
       ON CONFLICT (tenant, hash) DO NOTHING)
     INSERT INTO content_references (tenant, run, hash) VALUES ($1, $3, $2) ON CONFLICT DO NOTHING`,
    [tenant, hash, run, body, body.length],
  );
  noteStored({ tenant, run }, hash, body);
  return hash;
}

/**
 * CTEs `body` and `reference` for a statement that stores a content with something else. The four
 * names are parameters' places; `source` is the CTE that has a row where the content is to be stored.
 */
export function storingContent(
  source: string,
  { tenant, run, hash, body }: { tenant: string; run: string; hash: string; body: string },
): string {
  return `body AS (
       INSERT INTO contents (tenant, hash, format, body, bytes)
       SELECT ${tenant}, ${hash}::text, ${plain}, ${body}::bytea, length(${body}::bytea) FROM ${source}
       WHERE ${hash}::text IS NOT NULL
       ON CONFLICT (tenant, hash) DO NOTHING),
     reference AS (
       INSERT INTO content_references (tenant, run, hash)
       SELECT ${tenant}, ${run}, ${hash}::text FROM ${source} WHERE ${hash}::text IS NOT NULL
       ON CONFLICT DO NOTHING)`;
}

/** The body stored under a hash. Throws where there is none: a reference is never made before its content. */
export async function getContent(database: Database, tenant: string, hash: string): Promise<Buffer> {
  const found = await getContents(database, tenant, [hash]);
  return bodyOf(found, hash);
}

/** The bodies stored under hashes, read with one statement at most. */
export async function getContents(
  database: Database,
  tenant: string,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const unknown = new Set<string>();
  for (const hash of hashes) {
    const body = bodies.get(`${tenant}/${hash}`);
    if (body === undefined) unknown.add(hash);
    else found.set(hash, body);
  }
  if (unknown.size === 0) return found;
  const { rows } = await database.query<{ hash: string; body: Buffer }>(
    'SELECT hash, body FROM contents WHERE tenant = $1 AND hash = ANY ($2)',
    [tenant, [...unknown]],
  );
  for (const { hash, body } of rows) {
    bodies.set(`${tenant}/${hash}`, body);
    found.set(hash, body);
  }
  return found;
}

/** Throws where there is none. */
export function bodyOf(found: ReadonlyMap<string, Buffer>, hash: string): Buffer {
  const body = found.get(hash);
  if (body === undefined) throw new Error(`There is no content ${hash}.`);
  return body;
}
