import type { Catalog, CatalogModel, Price, Rates } from './catalog';
import { ConfigurationError, readConfiguration, type Configuration, type PriceEntry } from './configuration';
import {
  builtInAliases,
  builtInModels,
  priceListVersion,
  type ListedModel,
  type ListedRates,
} from './models';

/**
 * The built-in models with what the configuration file adds to them or says otherwise; the file need
 * not exist. Throws `ConfigurationError`.
 */
export function loadCatalog(configPath: string): Catalog {
  const configuration = readConfiguration(configPath);
  const models = new Map(Object.entries(builtInModels).map(([id, listed]) => [id, builtIn(id, listed)]));
  for (const [id, entry] of Object.entries(configuration.prices)) {
    models.set(id, configured(id, entry, { known: models.get(id), configuration, configPath }));
  }
  const aliases = new Map([...Object.entries(builtInAliases), ...Object.entries(configuration.models)]);
  const named = new Map<string, CatalogModel>(models);
  for (const [alias, id] of aliases) {
    const model = models.get(id);
    if (model === undefined)
      throw new ConfigurationError(
        `${configPath}: models.${alias}: no model has the id ${JSON.stringify(id)}.`,
      );
    named.set(alias, model);
  }
  return {
    resolve: (name) => named.get(name) ?? null,
    list: () => [...named].map(([name, model]) => ({ name, model })),
  };
}

function builtIn(id: string, listed: ListedModel): CatalogModel {
  const { vendor, contextTokens, outputTokensMax, rates } = listed;
  const price: Price = { version: priceListVersion, ...nano(rates) };
  if (rates.long !== undefined) price.long = { overTokens: rates.long.overTokens, ...nano(rates.long) };
  return { id, vendor, contextTokens, outputTokensMax, price };
}

interface Around {
  known: CatalogModel | undefined;
  configuration: Configuration;
  configPath: string;
}

function configured(
  id: string,
  entry: PriceEntry,
  { known, configuration, configPath }: Around,
): CatalogModel {
  const demand = <Value>(field: string, value: Value | undefined): Value => {
    if (value !== undefined) return value;
    throw new ConfigurationError(`${configPath}: prices.${id}.${field}: is missing.`);
  };
  // A price of one's own holds at every length: the built-in one's dearer long calls don't survive it.
  const configuredPrice = (): Price => {
    const input = demand('input', entry.input);
    const output = demand('output', entry.output);
    const { cacheRead = input, cacheWrite = input } = entry;
    return {
      version: configuration.version ?? priceListVersion,
      ...nano({ input, output, cacheRead, cacheWrite }),
    };
  };
  return {
    id,
    vendor: demand('vendor', entry.vendor ?? known?.vendor),
    contextTokens: demand('contextTokens', entry.contextTokens ?? known?.contextTokens),
    outputTokensMax: demand('outputTokensMax', entry.outputTokensMax ?? known?.outputTokensMax),
    price: given(entry) ? configuredPrice() : (known?.price ?? null),
  };
}

function given({ input, output, cacheRead, cacheWrite }: PriceEntry): boolean {
  return [input, output, cacheRead, cacheWrite].some((rate) => rate !== undefined);
}

function nano(rates: ListedRates): Rates {
  return {
    inputNano: perToken(rates.input),
    outputNano: perToken(rates.output),
    cacheReadNano: perToken(rates.cacheRead),
    cacheWriteNano: perToken(rates.cacheWrite),
  };
}

// Rounded, because 0.075 * 1000 need not be 75 in binary; the schema allows no fourth decimal.
function perToken(usdPerMillion: number): number {
  return Math.round(usdPerMillion * 1000);
}
