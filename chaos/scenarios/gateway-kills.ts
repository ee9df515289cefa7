import { kill } from '../faults';
import { callsAtVendor, strikeOn } from '../pace';
import { oneOf, type Round, type Scenario } from '../scenario';
import { shapes } from '../shapes';

const common = {
  profiles: ['postgres', 'embedded'],
  workers: 2,
  latencyMs: 1500,
  shapes: [shapes.chain, shapes.fan],
  excuses: { leasesLapse: true, vendorBreaks: false },
} as const;

export const gatewayKills: Scenario = {
  ...common,
  name: 'gateway-kills',
  about: 'The only gateway is killed with calls in flight: what is paid twice was in flight, and says so.',
  gateways: 1,
  size: { runs: 12, strikes: 10, openMax: 8 },
  short: { runs: 3, strikes: 1, openMax: 3 },
  strike: killGateways,
};

export const gatewayFailover: Scenario = {
  ...common,
  name: 'gateway-failover',
  about: 'One of two gateways is killed: the other takes over, and what is paid twice says so.',
  profiles: ['postgres'],
  gateways: 2,
  size: { runs: 12, strikes: 4, openMax: 8 },
  short: { runs: 3, strikes: 1, openMax: 3 },
  strike: killGateways,
};

async function killGateways(round: Round): Promise<void> {
  await strikeOn(round, {
    gapMs: [3000, 8000],
    choose() {
      const victim = oneOf(round, 'gateway');
      return {
        name: `kill ${victim.name} with calls in flight`,
        async strike() {
          await victim.ready();
          await callsAtVendor(round);
          await kill(victim).strike();
          // Read when it is dead: its rows stand as it left them.
          for (const attempt of await round.ledger.sentCalls()) round.lost.add(attempt);
        },
      };
    },
  });
}
