import { LRUCache } from 'lru-cache';
import type { RunReference } from '../contract/workflow';
import type { Json } from '../contract/value';
import type { Database } from '../ledger/database';
import { resolvePointer } from '../plan/json';
import type { Manifest } from '../plan/manifest';

const manifests = new LRUCache<string, Manifest>({ max: 500 });

/** The frozen plan of a run. It never changes, so it is read once. */
export async function readManifest(
  database: Database,
  { tenant, manifest }: RunReference,
): Promise<Manifest> {
  const cacheKey = `${tenant}/${manifest}`;
  const known = manifests.get(cacheKey);
  if (known !== undefined) return known;
  const { rows } = await database.query<{ body: Buffer }>(
    'SELECT body FROM manifests WHERE tenant = $1 AND hash = $2',
    [tenant, manifest],
  );
  const body = rows[0]?.body;
  if (body === undefined) throw new Error(`There is no manifest ${manifest}.`);
  // Written by this service from a validated plan.
  const read = JSON.parse(body.toString('utf8')) as Manifest;
  manifests.set(cacheKey, read);
  return read;
}

/** What stands at a JSON Pointer of the manifest's plan. */
export function at(manifest: Manifest, pointer: string): Json {
  const found = resolvePointer(manifest.plan as unknown as Json, pointer);
  if (found === undefined) throw new Error(`The manifest's plan has nothing at ${pointer}.`);
  return found;
}
