import { kill } from '../faults';
import { strikeThroughout } from '../pace';
import { victimsOf, type Scenario } from '../scenario';
import { shapes } from '../shapes';

export const everything: Scenario = {
  name: 'everything',
  about: 'Temporal, the database and the API are killed in turn and at random: no acknowledged run is lost.',
  profiles: ['embedded', 'postgres'],
  workers: 2,
  gateways: 2,
  latencyMs: 100,
  shapes: [shapes.one],
  size: { runs: 2000, strikes: 12, openMax: 250 },
  short: { runs: 20, strikes: 3, openMax: 20 },
  // A gateway that can't reach the database for longer than its lease has lost its calls.
  excuses: { leasesLapse: true, vendorBreaks: false },
  openAtLastFaultMax: 300,
  async strike(round) {
    const victims = victimsOf(round.stand, 'temporal', 'database', 'api');
    await strikeThroughout(round, {
      gapMs: [0, 3000],
      choose() {
        // Each in turn, so that none is left out, then at random.
        const victim = victims[round.strikes()] ?? round.random.pick(victims);
        return {
          name: kill(victim).name,
          async strike() {
            await victim.ready();
            await kill(victim).strike();
          },
        };
      },
    });
  },
};
