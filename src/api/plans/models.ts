import { readUsableVendors } from '../../ledger/vendors';
import type { Models } from '../../plan/check-models';
import type { Service } from '../service';

/** What models there are and which can be called now, as gateways say. */
export async function currentModels({ catalog, database }: Service): Promise<Models> {
  return { catalog, usable: await readUsableVendors(database) };
}
