import type { Json, Value, Names } from '../contract/value';
import type { Database } from '../ledger/database';
import { fromValues } from '../ledger/values';

/** Reads the values behind names, so that a template or condition can be evaluated. */
export async function resolveNames(
  database: Database,
  tenant: string,
  names: Names,
): Promise<{ [name: string]: Json }> {
  const values = await fromValues(database, tenant, Object.values(names));
  return Object.fromEntries(Object.keys(names).map((name, index) => [name, values[index] ?? null]));
}

/** The same for blocks, in their order. */
export async function resolveBlocks(
  database: Database,
  tenant: string,
  blocks: { name: string; value: Value }[],
): Promise<{ name: string; value: Json }[]> {
  const values = await fromValues(
    database,
    tenant,
    blocks.map(({ value }) => value),
  );
  return blocks.map(({ name }, index) => ({ name, value: values[index] ?? null }));
}
