import { kill } from '../faults';
import { callsAtVendor, strikeOn } from '../pace';
import { oneOf, type Scenario } from '../scenario';
import { shapes } from '../shapes';

export const workerKills: Scenario = {
  name: 'worker-kills',
  about: 'Workers are killed with calls in flight: every call is paid once.',
  profiles: ['postgres', 'embedded'],
  workers: 2,
  gateways: 2,
  latencyMs: 800,
  shapes: [shapes.chain, shapes.fan],
  size: { runs: 40, strikes: 15, openMax: 8 },
  short: { runs: 4, strikes: 2, openMax: 4 },
  excuses: { leasesLapse: false, vendorBreaks: false },
  async strike(round) {
    await strikeOn(round, {
      gapMs: [1000, 3500],
      choose() {
        const victim = oneOf(round, 'worker');
        return {
          name: `kill ${victim.name} with calls in flight`,
          async strike() {
            await victim.ready();
            await callsAtVendor(round);
            await kill(victim).strike();
          },
        };
      },
    });
  },
};
