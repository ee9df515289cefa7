import type { Scenario } from '../scenario';
import { apiStart } from './api-start';
import { everything } from './everything';
import { gatewayFailover, gatewayKills } from './gateway-kills';
import { network } from './network';
import { soak } from './soak';
import { workerFreeze } from './worker-freeze';
import { workerKills } from './worker-kills';

/** Every scenario, in the order in which `all` plays them. */
export const allScenarios: readonly Scenario[] = [
  workerKills,
  workerFreeze,
  gatewayKills,
  gatewayFailover,
  everything,
  apiStart,
  network,
  soak,
];
