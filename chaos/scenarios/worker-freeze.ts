import { freeze } from '../faults';
import { callsAtVendor, strikeOn } from '../pace';
import { oneOf, type Scenario } from '../scenario';
import { shapes } from '../shapes';

const frozenMs = 30_000;
const frozenMsShort = 8_000;

export const workerFreeze: Scenario = {
  name: 'worker-freeze',
  about: 'A worker stands still with calls in flight and comes back: every call is paid once.',
  profiles: ['postgres', 'embedded'],
  workers: 2,
  gateways: 2,
  latencyMs: 3000,
  shapes: [shapes.chain, shapes.fan],
  size: { runs: 12, strikes: 2, openMax: 8 },
  short: { runs: 3, strikes: 1, openMax: 3 },
  excuses: { leasesLapse: false, vendorBreaks: false },
  async strike(round) {
    await strikeOn(round, {
      gapMs: [500, 1500],
      choose() {
        const victim = oneOf(round, 'worker');
        // Longer than a heartbeat may be late, so that others are given its activities.
        const fault = freeze(victim, round.size.strikes === 1 ? frozenMsShort : frozenMs);
        return {
          name: `${fault.name}, with calls in flight`,
          async strike() {
            await callsAtVendor(round);
            await fault.strike();
          },
        };
      },
    });
  },
};
