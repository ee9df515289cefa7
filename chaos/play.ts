import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from './checker';
import { createClient } from './client';
import { decideAll } from './decider';
import type { Fault } from './faults';
import { openLedger } from './ledger';
import { startLoad, type Load } from './load';
import { createRandom } from './random';
import type { Report } from './report';
import type { Gate, Round, Scenario, Size } from './scenario';
import type { Profile, Stand } from './stand';
import { openCluster } from './stands/cluster';
import { openEmbedded } from './stands/embedded';
import { openTimeline, type Timeline } from './timeline';
import { watchLedger, type Watch } from './watch';

/** After the last fault everything must have come to its end within so long. */
const settleWithinMs = 120_000;

export interface Play {
  scenario: Scenario;
  seed: number;
  profile: Profile;
  size: Size;
  /** A folder of an embedded database to begin with. */
  databaseTemplate?: string | undefined;
  say(line: string): void;
}

interface Site {
  play: Play;
  stand: Stand;
  timeline: Timeline;
  watch: Watch;
  /** Aborted when nobody is to ask any more. */
  over: AbortController;
}

/** Plays one round: faults on under load, all faults off, then the judgement. */
export async function play(asked: Play): Promise<Report> {
  const { scenario, seed, profile, say } = asked;
  const folder = mkdtempSync(path.join(tmpdir(), 'fermata-chaos-'));
  const timeline = openTimeline(say);
  timeline.note(`${scenario.name}, seed ${String(seed)}, on ${profile}; data and logs: ${folder}`);
  const open = profile === 'embedded' ? openEmbedded : openCluster;
  const stand = await open({ folder, timeline, ...scenario, databaseTemplate: asked.databaseTemplate });
  const ledger = openLedger(stand.databaseUrl);
  const watch = watchLedger(ledger, roundName(asked));
  const over = new AbortController();
  process.once('exit', stand.abandon);
  let holds = false;
  try {
    const report = await playOn({ play: asked, stand, timeline, watch, over }, ledger);
    holds = report.violations.length === 0;
    return report;
  } finally {
    over.abort();
    await watch.stop();
    await ledger.close();
    await stand.close();
    process.off('exit', stand.abandon);
    // What a violation left is for whoever looks into it.
    if (holds) rmSync(folder, { recursive: true, force: true });
  }
}

function roundName({ scenario, seed }: Play): string {
  return `${scenario.name}-${String(seed)}`;
}

async function playOn(site: Site, ledger: Round['ledger']): Promise<Report> {
  const { play: asked, stand, timeline, watch, over } = site;
  const { scenario, size, seed } = asked;
  const random = createRandom(seed);
  let strikes = 0;
  const before: Omit<Round, 'load'> = {
    ...{ stand, ledger, random, size },
    lost: new Set<string>(),
    strikes: () => strikes,
    async apply(fault: Fault) {
      timeline.note(`FAULT ${fault.name}`);
      await fault.strike();
      strikes += 1;
    },
  };
  const gate = await scenario.gate?.(before);
  const load = loadOf(site, random.branch('load'), gate);
  const people = decideAll(clientOf(site), over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });

  await Promise.race([scenario.strike({ ...before, load }), failureOf(load.ended), failureOf(people)]);
  load.end();
  const openAtLastFault = await watch.openNow();
  timeline.note(`the last fault is over; ${String(openAtLastFault)} runs are open`);
  const since = timeline.nowMs();
  await stand.heal();
  const settled = await settle(site, load);
  const settledMs = timeline.nowMs() - since;
  timeline.note(settled ? 'all runs have ended' : 'time is up, and runs are open');
  await gate?.close();
  return await judge({
    ...{ round: roundName(asked), scenario, stand, ledger, load, watch, timeline, seed },
    ...{ strikes, settled, settledMs, openAtLastFault, lost: before.lost, client: clientOf(site) },
  });
}

function clientOf({ stand, over }: Site, gate?: Gate) {
  const urls = gate === undefined ? stand.apiUrls : [gate.url];
  return createClient({ urls, key: stand.key, signal: over.signal });
}

function loadOf(site: Site, random: Round['random'], gate: Gate | undefined): Load {
  const { play: asked, watch } = site;
  const { scenario, size } = asked;
  return startLoad({
    ...{ client: clientOf(site, gate), round: roundName(asked), shapes: scenario.shapes, random },
    ...{ runsMin: size.runs, runsMax: gate === undefined ? Infinity : size.runs },
    ...{ clients: gate === undefined ? clientsUsual : 1, ended: () => watch.ended(), openMax: size.openMax },
  });
}

const clientsUsual = 8;

/** Never fulfilled; rejected when `work` is: what must not fail while something else is waited for. */
function failureOf(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch(reject);
  });
}

/** Whether all that was asked for was acknowledged and has ended in time. */
async function settle({ watch }: Site, load: Load): Promise<boolean> {
  const deadline = Date.now() + settleWithinMs;
  const acknowledged = (): boolean => load.asked.every(({ run }) => run !== null);
  while (Date.now() < deadline) {
    if (acknowledged() && (await watch.openNow()) === 0) return true;
    await sleep(200);
  }
  return false;
}
