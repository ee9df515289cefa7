import type { Model } from '../../contract/plans-api';
import { exitCodes } from '../exit';
import { count, table } from '../format';
import type { Session } from '../session';

/** Lists the models that a plan may name. */
export async function models({ client, screen, json }: Session): Promise<number> {
  const list = await client.get<{ items: Model[] }>('/v1/models');
  if (json) {
    screen.printJson(list);
    return exitCodes.ok;
  }
  const rows = list.items.map(({ name, id, vendor, contextTokens, price, usable, simulated, health }) => [
    name,
    name === id ? '' : id,
    vendor,
    `${count(contextTokens)} context`,
    price === null ? 'no price' : `$${String(price.inputUsd)} in, $${String(price.outputUsd)} out`,
    usable ? (simulated ? 'simulated' : 'usable') : 'no key',
    health === 'ok' || health === 'unusable' ? '' : health,
  ]);
  for (const line of table(rows)) screen.print(line);
  screen.say('Prices are for a million tokens.');
  return exitCodes.ok;
}
