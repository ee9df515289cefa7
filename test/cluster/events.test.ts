import { createParser } from 'eventsource-parser';
import type { RunEvent } from '../../src/contract/api';
import { openDatabase, type Database } from '../../src/ledger/database';
import { ask, planOf } from '../service/support/house';
import { openCluster, type Cluster } from '../support/cluster';
import { eventually } from '../support/eventually';
import { clientOf, type Client } from './support/client';
import { randomFrom } from './support/random';

let cluster: Cluster;
let client: Client;
let database: Database;
beforeAll(async () => {
  cluster = await openCluster({ latencyMs: 40 });
  client = clientOf(cluster);
  database = openDatabase(cluster.databaseUrl, 2);
}, 120_000);
afterAll(async () => {
  await database.end();
  await cluster.close();
}, 60_000);

// Branches that write at the same time, through workers and gateways that know nothing of each other.
const plan = planOf({ type: 'parallel', branches: { a: ask('one'), b: ask('two'), c: ask('three') } });

interface Seen {
  seq: number;
  type: string;
}

/** One connection to an API, given up after so many events or so much time, whichever comes first. */
async function readOnce(
  run: string,
  options: { api: number; after: number; atMost: number; withinMs: number },
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const cut = AbortSignal.timeout(options.withinMs);
  const parser = createParser({
    onEvent({ id, event, data }) {
      if (id === undefined) return;
      const told = JSON.parse(data) as RunEvent;
      seen.push({ seq: Number(id), type: event === told.type ? told.type : `${String(event)}≠${told.type}` });
    },
  });
  const decoder = new TextDecoder();
  try {
    const response = await fetch(new URL(`/v1/runs/${run}/events`, cluster.apis[options.api]?.url), {
      headers: {
        authorization: `Bearer ${cluster.key}`,
        ...(options.after === 0 ? {} : { 'last-event-id': String(options.after) }),
      },
      signal: cut,
    });
    if (response.status !== 200) throw new Error(`${String(response.status)} ${await response.text()}`);
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      if (seen.length >= options.atMost) break;
    }
  } catch (error) {
    if (!cut.aborted) throw error;
  }
  return seen.slice(0, options.atMost);
}

/** Reads a run to its end, at either API, cut and resumed at random. */
async function readInPieces(
  run: string,
  random: () => number,
): Promise<{ seen: Seen[]; connections: number }> {
  const seen: Seen[] = [];
  let connections = 0;
  while (seen.at(-1)?.type !== 'run.finished') {
    connections += 1;
    const atMost = 1 + Math.floor(random() * 6);
    const withinMs = 20 + Math.floor(random() * 1500);
    const after = seen.at(-1)?.seq ?? 0;
    seen.push(...(await readOnce(run, { api: random() < 0.5 ? 0 : 1, after, atMost, withinMs })));
  }
  return { seen, connections };
}

test('tells each event of 100 runs once and in order, to readers cut and resumed at either API', async () => {
  const seed = Date.now() % 1_000_000;
  const random = randomFrom(seed);
  const runs = 100;
  const atOnce = 20;
  let connections = 0;
  let left = runs;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const run = await client.start(plan);
        const read = await readInPieces(run, random);
        connections += read.connections;
        const { rows } = await database.query<Seen>(
          'SELECT seq, type FROM run_events WHERE run = $1 ORDER BY seq',
          [run],
        );
        expect({ seed, run, seen: read.seen }).toEqual({ seed, run, seen: rows });
        expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
        expect(rows.filter(({ type }) => type === 'run.finished')).toHaveLength(1);
      }
    }),
  );
  expect(connections).toBeGreaterThan(3 * runs);
  // What was asked of the vendor more than once, as after a lost connection, is in the ledger.
  const { rows: asked } = await database.query<{ calls: number; attempts: number }>(
    'SELECT count(*) AS calls, sum(attempts)::int8 AS attempts FROM calls',
  );
  expect(asked[0]?.calls).toBe(3 * runs);
  const totals = await cluster.vendor.totals();
  expect(totals.calls).toBeLessThanOrEqual(asked[0]?.attempts ?? 0);
}, 400_000);

test('hands a reader whose API is killed over to the other one', async () => {
  const run = await client.start(plan);
  const first = readOnce(run, { api: 0, after: 0, atMost: 1_000, withinMs: 60_000 }).catch(() => []);
  await eventually('the run is under way', async () => {
    const { rowCount } = await database.query('SELECT FROM run_events WHERE run = $1 LIMIT 2', [run]);
    return rowCount === 2 ? true : undefined;
  });
  await cluster.apis[0]?.kill();
  await first;
  const seen = await readOnce(run, { api: 1, after: 0, atMost: 1_000, withinMs: 60_000 });
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
  expect(seen.at(-1)?.type).toBe('run.finished');
  await cluster.apis[0]?.restart();
  const again = await readOnce(run, { api: 0, after: 2, atMost: 1_000, withinMs: 60_000 });
  expect(again).toEqual(seen.slice(2));
}, 120_000);
