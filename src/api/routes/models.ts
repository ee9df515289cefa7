import type { Price, Rates } from '../../catalog/catalog';
import { ModelList, type Model } from '../../contract/plans-api';
import { readBreakers } from '../../ledger/breakers';
import { isUsable } from '../../plan/check-models';
import { conditionOf } from '../plans/model-condition';
import { currentModels } from '../plans/models';
import type { App, Service } from '../service';

const nanoPerTokenInUsdPerMillion = 1000;

/** Models that plans may name. */
export function modelRoutes(app: App, service: Service): void {
  app.get(
    '/v1/models',
    {
      config: { scopes: ['runs:read', 'plans:write'] },
      schema: { summary: 'List the models that plans may name', response: { 200: ModelList } },
    },
    async () => {
      const { catalog, usable } = await currentModels(service);
      const breakers = await readBreakers(service.database);
      const items = catalog.list().map(({ name, model }): Model => {
        const { id, vendor, contextTokens, outputTokensMax, price } = model;
        return {
          ...{ name, id, vendor, contextTokens, outputTokensMax },
          price: price === null ? null : priceView(price),
          usable: isUsable(model, usable),
          simulated: usable.simulated,
          ...conditionOf(model, { usable, breakers }),
        };
      });
      return { items };
    },
  );
}

function priceView(price: Price): NonNullable<Model['price']> {
  const { version, long } = price;
  return {
    version,
    ...perMillion(price),
    long: long === undefined ? null : { overTokens: long.overTokens, ...perMillion(long) },
  };
}

function perMillion(price: Rates): Omit<NonNullable<Model['price']>, 'version' | 'long'> {
  return {
    inputUsd: price.inputNano / nanoPerTokenInUsdPerMillion,
    outputUsd: price.outputNano / nanoPerTokenInUsdPerMillion,
    cacheReadUsd: price.cacheReadNano / nanoPerTokenInUsdPerMillion,
    cacheWriteUsd: price.cacheWriteNano / nanoPerTokenInUsdPerMillion,
  };
}
