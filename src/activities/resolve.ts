import type { Json, Value, Names } from '../contract/value';
import type { Database } from '../ledger/database';
import { fromValue } from '../ledger/values';

/** Reads the values behind names, so that a template or condition can be evaluated. */
export async function resolveNames(
  database: Database,
  tenant: string,
  names: Names,
): Promise<{ [name: string]: Json }> {
  const entries = Object.entries(names).map(
    async ([name, value]) => [name, await fromValue(database, tenant, value)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** The same for blocks, in their order. */
export async function resolveBlocks(
  database: Database,
  tenant: string,
  blocks: { name: string; value: Value }[],
): Promise<{ name: string; value: Json }[]> {
  return Promise.all(
    blocks.map(async ({ name, value }) => ({ name, value: await fromValue(database, tenant, value) })),
  );
}
