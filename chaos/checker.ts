import type { z } from 'zod';
import { loadCatalog } from '../src/catalog/load';
import type { RunList, RunListItem } from '../src/contract/api';
import { checkEvents } from './checks/events';
import { checkMoney, countOf } from './checks/money';
import { checkRuns } from './checks/runs';
import { checkTemporal } from './checks/temporal';
import type { Client } from './client';
import type { Ledger } from './ledger';
import type { Load } from './load';
import type { Report } from './report';
import type { Scenario } from './scenario';
import type { Stand } from './stand';
import type { Timeline } from './timeline';
import type { Watch } from './watch';

/** A round that has been played, with everybody who knows something of it. */
export interface Evidence {
  round: string;
  scenario: Scenario;
  seed: number;
  stand: Stand;
  client: Client;
  ledger: Ledger;
  load: Load;
  watch: Watch;
  timeline: Timeline;
  strikes: number;
  /** Everything ended in time. */
  settled: boolean;
  settledMs: number;
  openAtLastFault: number;
  /** Attempts that were at the vendor when a gateway was killed. */
  lost: ReadonlySet<string>;
}

const violationsMax = 50;

/** Holds what the API, Postgres and Temporal say against what clients were told and what the vendor was paid for. */
export async function judge(evidence: Evidence): Promise<Report> {
  const { round, scenario, seed, stand, client, ledger, load, watch, timeline } = evidence;
  const { asked } = load;
  const listed = await listRuns(client, round);
  const kept = await ledger.runs(round);
  const calls = await ledger.calls(round);
  const vendor = stand.vendor.calls();
  const ambiguous = calls.reduce((sum, call) => sum + call.ambiguous, 0);
  const duplicates = [...countOf(vendor).values()].reduce((sum, count) => sum + count - 1, 0);
  const violations = [
    ...(evidence.settled ? [] : ['Not everything ended in time.']),
    ...watch.overBudget().map((run) => `A budget of ${run} was passed.`),
    ...checkBounds(evidence, { ambiguous, duplicates }),
    ...checkRuns({ asked, listed, kept, calls }),
    ...checkMoney({
      ...{ asked, vendor, calls, excuses: scenario.excuses },
      catalog: loadCatalog(''),
    }),
    ...(await checkEvents(stand, listed)),
    ...(await checkTemporal(stand)),
  ];
  return {
    ...{ scenario: scenario.name, seed, profile: stand.profile, timeline: timeline.lines() },
    violations: violations.slice(0, violationsMax),
    figures: {
      'runs acknowledged': asked.filter(({ run }) => run !== null).length,
      'starts that were repeated': asked.filter(({ tries }) => tries > 1).length,
      'logical calls': load.logicalCalls(),
      'requests at the vendor': vendor.length,
      'paid twice': duplicates,
      'ambiguous, as the rows say': ambiguous,
      'at the vendor when a gateway was killed': evidence.lost.size,
      faults: evidence.strikes,
      'open at the last fault': evidence.openAtLastFault,
      'seconds from it to the last end': Math.round(evidence.settledMs / 100) / 10,
      seconds: Math.round(timeline.nowMs() / 1000),
    },
  };
}

function checkBounds(
  { scenario, openAtLastFault, lost }: Evidence,
  { ambiguous, duplicates }: { ambiguous: number; duplicates: number },
): string[] {
  const { openAtLastFaultMax = Infinity } = scenario;
  const violations: string[] = [];
  if (openAtLastFault > openAtLastFaultMax)
    violations.push(
      `${String(openAtLastFault)} runs were open at the last fault, more than ${String(openAtLastFaultMax)}.`,
    );
  if (lost.size > 0 && Math.max(duplicates, ambiguous) > lost.size)
    violations.push(
      `${String(duplicates)} calls were paid twice and ${String(ambiguous)} are ambiguous, but only ${String(lost.size)} were at the vendor when gateways were killed.`,
    );
  return violations;
}

async function listRuns(client: Client, round: string): Promise<RunListItem[]> {
  const items: RunListItem[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ label: `chaos:${round}`, limit: '200' });
    if (cursor !== null) query.set('cursor', cursor);
    const page: z.infer<typeof RunList> = await client.get(`/v1/runs?${query.toString()}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return items;
}
