import { disturb, freeze, kill, restart, type Fault } from '../faults';
import { strikeOn } from '../pace';
import type { Round, Scenario } from '../scenario';
import { shapes } from '../shapes';
import { anyTrouble } from './network';

export const soak: Scenario = {
  name: 'soak',
  about: 'Any part is killed, frozen or restarted and any wire disturbed, at random: everything holds.',
  profiles: ['postgres', 'embedded'],
  workers: 2,
  gateways: 2,
  latencyMs: 600,
  shapes: [shapes.one, shapes.chain, shapes.fan, shapes.asked],
  size: { runs: 300, strikes: 60, openMax: 20 },
  short: { runs: 4, strikes: 4, openMax: 4 },
  excuses: { leasesLapse: true, vendorBreaks: true },
  async strike(round) {
    await strikeOn(round, { gapMs: [300, 4000], choose: () => anyFault(round) });
  },
};

function anyFault(round: Round): Fault {
  const { stand, random } = round;
  const victim = random.pick(stand.victims);
  const kinds: Fault[] = [kill(victim), disturb(...anyTrouble(round), random.between(1, 16) * 500)];
  if (victim.freeze !== undefined) kinds.push(freeze(victim, random.between(1, 15) * 1000));
  if (victim.terminate !== undefined) kinds.push(restart(victim));
  return random.pick(kinds);
}
