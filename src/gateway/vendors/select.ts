import type { Catalog, CatalogModel } from '../../catalog/catalog';
import { SettingError, type Config } from '../../config';
import type { VendorState } from '../../ledger/vendors';
import { anthropic } from './anthropic';
import type { Vendor } from './vendor';

export interface ChosenVendor {
  vendor: Vendor;
  simulated: boolean;
  /** Name of the credential that it is called with: failures are counted by it. */
  credential: string;
}

/** Who answers for which model. */
export interface Vendors {
  /** Null where the model's vendor has no key. */
  of(model: CatalogModel): ChosenVendor | null;
  /** Every vendor of the catalog, as it is to be published. */
  states(): VendorState[];
}

type VendorConfig = Pick<Config, 'ANTHROPIC_API_KEY' | 'ANTHROPIC_BASE_URL' | 'SIMULATOR_URL'>;

/**
 * The vendors that have a key. With no key at all the simulated vendor answers for every model, in
 * Anthropic's protocol; with some it answers for none. Throws `SettingError` where there is neither.
 */
export function selectVendors(config: VendorConfig, catalog: Catalog): Vendors {
  const known = [...new Set(catalog.list().map(({ model }) => model.vendor))];
  if (config.ANTHROPIC_API_KEY === undefined) {
    if (config.SIMULATOR_URL === undefined)
      throw new SettingError('ANTHROPIC_API_KEY, SIMULATOR_URL: one of them must be set.');
    const vendor = anthropic({ apiKey: 'simulated', baseUrl: config.SIMULATOR_URL });
    return {
      of: () => ({ vendor, simulated: true, credential: 'simulated' }),
      states: () => known.map((name) => ({ vendor: name, usable: true, simulated: true })),
    };
  }
  const vendor = anthropic({
    apiKey: config.ANTHROPIC_API_KEY,
    // Always given, because the SDK would look into the environment by itself.
    baseUrl: config.ANTHROPIC_BASE_URL ?? 'https://api.anthropic.com',
  });
  return {
    of: (model) =>
      model.vendor === 'anthropic' ? { vendor, simulated: false, credential: 'default' } : null,
    states: () => known.map((name) => ({ vendor: name, usable: name === 'anthropic', simulated: false })),
  };
}
