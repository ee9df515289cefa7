import { setTimeout as sleep } from 'node:timers/promises';
import { kill } from '../faults';
import { openProxy } from '../proxy';
import { victimsOf, type Gate, type Round, type Scenario } from '../scenario';
import { shapes } from '../shapes';

// The last bytes of a start as the load sends it.
const wholeBody = /"mark":"([\w-]+)"\}\}\}$/;
/** A start is accepted, its workflow started and its answer made within about so long. */
const answerMs = 60;

export const apiStart: Scenario = {
  name: 'api-start',
  about: 'The API is killed between taking a start and answering it: the repeat finds one run.',
  profiles: ['postgres', 'embedded'],
  workers: 1,
  gateways: 1,
  latencyMs: 50,
  shapes: [shapes.one],
  size: { runs: 20, strikes: 20, openMax: 20 },
  short: { runs: 2, strikes: 2, openMax: 2 },
  excuses: { leasesLapse: false, vendorBreaks: false },
  gate: killBeforeTheAnswer,
  async strike(round) {
    // The gate strikes, once a start; the last one is acknowledged when its repeat is.
    while (round.strikes() < round.size.strikes) await sleep(100);
  },
};

/** Lets a start pass to the API, holds the answer back, and kills the API a moment later: once a start. */
async function killBeforeTheAnswer(round: Omit<Round, 'load'>): Promise<Gate> {
  const { stand, random } = round;
  const [api] = victimsOf(stand, 'api');
  if (api === undefined) throw new Error('There is no API to kill.');
  const struck = new Set<string>();
  let sent = '';
  const proxy = await openProxy({
    port: Number(new URL(stand.apiUrls[0] ?? '').port),
    onPassed(bytes) {
      sent = (sent + bytes.toString('latin1')).slice(-300);
      const mark = wholeBody.exec(sent)?.[1];
      if (mark === undefined || struck.has(mark)) return;
      struck.add(mark);
      proxy.blackHole();
      void round.apply({
        name: `kill ${api.name} before it answers the start of ${mark}`,
        async strike() {
          await sleep(random.between(0, answerMs));
          await kill(api).strike();
          proxy.cut();
          await api.ready();
          proxy.heal();
        },
      });
    },
  });
  return { url: `http://127.0.0.1:${String(proxy.port)}`, close: () => proxy.close() };
}
