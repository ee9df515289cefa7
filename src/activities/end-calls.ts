import { setTimeout as delay } from 'node:timers/promises';
import { hasOpenCalls } from '../ledger/calls';
import type { GatewayClient } from './gateway-client';
import type { Ports } from './ports';

const waitMsMax = 2_000;
const lookEveryMs = 50;

/**
 * Ends the calls that a run leaves behind when it is over, such as that of a branch whose time ran
 * out just before: nobody will read them, and what they cost belongs into the run's last figures. A
 * gateway that can't be reached doesn't hold up the end.
 */
export async function endCalls(
  { database }: Ports,
  gateway: GatewayClient,
  tenant: string,
  run: string,
): Promise<void> {
  if (!(await hasOpenCalls(database, tenant, run))) return;
  await gateway.endCalls(tenant, run);
  for (
    let waited = 0;
    waited < waitMsMax && (await hasOpenCalls(database, tenant, run));
    waited += lookEveryMs
  ) {
    await delay(lookEveryMs);
  }
}
