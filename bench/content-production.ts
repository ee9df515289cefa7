import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Client } from '@temporalio/client';
import { ensureBudget } from '../src/ledger/budgets';
import { projectFolder } from '../test/support/part';
import { account } from './handwritten/activities';
import { startHandwritten, type Handwritten } from './handwritten/start';
import { openStage, type Stage } from './stage';
import { inRounds, median, ratioOf, ratioText } from './statistics';
import { printTable } from './table';

const rounds = 12;
const runsEachRound = 3;
const warmUps = 12;
const latencies = [20, 0];
const callsExpected = 5;

/**
 * The five-call content production by the service, and the same calls by a workflow written by hand on
 * the same Temporal with the same worker settings: through the same gateway, and straight to the vendor.
 */
export async function contentProduction(): Promise<void> {
  const stage = await openStage();
  const handwritten = await startHandwritten(stage.temporal, {
    temporalAddress: stage.temporalAddress,
    taskQueue: 'handwritten',
    gatewayUrl: stage.service.gatewayUrl,
    internalKey: stage.service.internalKey,
    vendorUrl: stage.service.simulatorUrl,
  });
  try {
    await openAccount(stage);
    const contestants = contestantsOf(stage, handwritten);
    for (let n = 0; n < warmUps; n++) for (const run of Object.values(contestants)) await run();
    for (const latency of latencies) {
      await stage.setLatency(latency);
      await compare(latency, contestants);
    }
    await printHistories(stage, contestants);
  } finally {
    await handwritten.stop();
    await stage.close();
  }
}

/** The hand-written workflow's calls are taken from one budget that is never used up. */
async function openAccount({ ledger }: Stage): Promise<void> {
  const { tenant, run, budget: id } = account;
  await ensureBudget(ledger, { tenant, run, id, limitNano: 1e15, limitTokens: null, limitCalls: null });
}

type Contestants = Record<'fermata' | 'gateway' | 'vendor', () => Promise<string>>;

/** Each runs once with a topic that nobody had before, so that nothing is known from earlier. Answers the workflow's id. */
function contestantsOf(stage: Stage, handwritten: Handwritten): Contestants {
  const plan = unattended();
  let count = 0;
  const topic = () => `heat pumps, part ${String(++count)}`;
  return {
    async fermata() {
      const id = await stage.start(plan, { topic: topic() });
      await stage.ended(id);
      return id;
    },
    gateway: () => handwritten.run(topic(), 'gateway'),
    vendor: () => handwritten.run(topic(), 'vendor'),
  };
}

/** The plan of the examples with its approval decided by itself, and agents that may call as often as they can. */
function unattended(): unknown {
  const text = readFileSync(path.join(projectFolder, 'examples/content-production/plan.yaml'), 'utf8');
  const plan = parse(text.replace('risk: high', 'risk: low')) as { agents: Record<string, object> };
  const agents = Object.entries(plan.agents).map(([name, agent]) => [
    name,
    { ...agent, rateLimit: 1_000_000 },
  ]);
  return { ...plan, agents: Object.fromEntries(agents) as unknown };
}

async function compare(latency: number, contestants: Contestants): Promise<void> {
  const timed = (run: () => Promise<string>) => async () => {
    const times: number[] = [];
    for (let n = 0; n < runsEachRound; n++) {
      const startedAt = performance.now();
      await run();
      times.push(performance.now() - startedAt);
    }
    return median(times);
  };
  const figures = await inRounds(
    {
      fermata: timed(contestants.fermata),
      gateway: timed(contestants.gateway),
      vendor: timed(contestants.vendor),
    },
    rounds,
  );
  const { fermata = [], gateway = [], vendor = [] } = figures;
  const row = (name: string, times: number[]) => [
    name,
    `${median(times).toFixed(0)} ms`,
    ratioText(ratioOf(times, gateway)),
    ratioText(ratioOf(times, vendor)),
  ];
  printTable(
    `Content production, ${String(latency)} ms a call, ${String(rounds)} rounds of ${String(runsEachRound)} runs`,
    [
      ['', 'median', '× by hand through the gateway', '× by hand at the vendor'],
      row('Fermata', fermata),
      row('by hand, through the gateway', gateway),
      row('by hand, calling the vendor', vendor),
    ],
  );
}

async function printHistories(stage: Stage, contestants: Contestants): Promise<void> {
  const rows: string[][] = [['', 'events', 'bytes', 'bytes a call', 'workflow tasks']];
  for (const [name, run] of Object.entries(contestants)) {
    const id = await run();
    const { events, bytes, tasks, calls } = await historyOf(stage.temporal, id);
    if (calls !== callsExpected)
      throw new Error(`${name} made ${String(calls)} calls instead of ${String(callsExpected)}.`);
    rows.push([name, String(events), String(bytes), String(Math.round(bytes / calls)), String(tasks)]);
  }
  printTable('History of one run', rows);
}

async function historyOf(client: Client, id: string) {
  const handle = client.workflow.getHandle(id);
  const { events } = await handle.fetchHistory();
  const { raw } = await handle.describe();
  const count = (has: 'activityTaskScheduledEventAttributes' | 'workflowTaskCompletedEventAttributes') =>
    events?.filter((event) => event[has] != null).length ?? 0;
  return {
    events: events?.length ?? 0,
    bytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
    tasks: count('workflowTaskCompletedEventAttributes'),
    calls: count('activityTaskScheduledEventAttributes'),
  };
}
