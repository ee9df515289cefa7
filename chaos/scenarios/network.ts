import { disturb, troubles, type Trouble } from '../faults';
import { strikeOn } from '../pace';
import type { Round, Scenario } from '../scenario';
import { shapes } from '../shapes';
import type { Wire } from '../stand';

export const network: Scenario = {
  name: 'network',
  about: 'Wires between the parts are cut, black-holed, delayed and reset: all of it heals by itself.',
  profiles: ['postgres', 'embedded'],
  workers: 2,
  gateways: 2,
  latencyMs: 600,
  shapes: [shapes.chain, shapes.fan, shapes.one, shapes.asked],
  size: { runs: 60, strikes: 30, openMax: 10 },
  short: { runs: 4, strikes: 4, openMax: 4 },
  excuses: { leasesLapse: true, vendorBreaks: true },
  async strike(round) {
    await strikeOn(round, {
      gapMs: [300, 1500],
      choose: () => disturb(...anyTrouble(round), round.random.between(1, 12) * 500),
    });
  },
};

/** Each kind of wire and each kind of trouble is as likely as the others. */
export function anyTrouble({ stand, random }: Round): [Wire, Trouble] {
  const link = random.pick([...new Set(stand.wires.map((wire) => wire.link))]);
  return [random.pick(stand.wires.filter((wire) => wire.link === link)), random.pick(troubles)];
}
