import fc from 'fast-check';
import { ensureBudget } from '../../src/ledger/budgets';
import { anthropic } from '../../src/gateway/vendors/anthropic';
import { testDatabase, type TestDatabase } from '../support/database';
import { auditBudgets, offending, versionsOf } from './support/audit';
import {
  eventsOf,
  insist,
  makeCall,
  makeRun,
  startGateway,
  type TestCall,
  type TestGateway,
} from './support/gateway';
import { message, startOddVendor, stream, write, type OddVendor } from './support/odd-vendor';

// Budgets under a hundred random schedules: calls of all sizes at three gateways, answers in any order,
// vendors that fail, calls that are given up, gateways that die. The database writes down every
// version of every budget, and no version of any may pass its limit.

let ledger: TestDatabase;
let odd: OddVendor;
let gateways: TestGateway[];

beforeAll(async () => {
  ledger = await testDatabase();
  await auditBudgets(ledger.database);
  odd = await startOddVendor();
  const options = { databaseUrl: ledger.url, vendorUrl: odd.url };
  gateways = [await startGateway(options), await startGateway(options), await startGateway(options)];
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.drain()));
  await odd.close();
  await ledger.close();
});

const fates = ['answers', 'answers', 'answers', 'breaks', 'resets', 'dies', 'left'] as const;

const oneCall = fc.record({
  cap: fc.integer({ min: 1, max: 200 }),
  /** How much of its cap the answer uses, in percent. */
  part: fc.integer({ min: 1, max: 100 }),
  ms: fc.nat(25),
  startMs: fc.nat(15),
  gateway: fc.nat(2),
  branch: fc.nat(2),
  retries: fc.nat(2),
  fate: fc.constantFrom(...fates),
});
type OneCall = typeof oneCall extends fc.Arbitrary<infer Call> ? Call : never;

const schedule = fc.record({
  room: fc.integer({ min: 1, max: 4 }),
  branchRoom: fc.integer({ min: 1, max: 3 }),
  calls: fc.option(fc.integer({ min: 1, max: 8 }), { nil: null }),
  asked: fc.array(oneCall, { minLength: 2, maxLength: 12 }),
});

type Schedule = typeof schedule extends fc.Arbitrary<infer Each> ? Each : never;

const stepOf = (run: string, n: number): string => `step-of-${run}-${String(n).padStart(2, '0')}`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An answer that costs as much as it may: all input written to a cache, so much of the cap used. */
function costly(body: Record<string, unknown>, part: number): ReturnType<typeof message> {
  const input = JSON.stringify(body).length - ',"stream":true'.length;
  const output = Math.ceil(((body['max_tokens'] as number) * part) / 100);
  const [first, ...rest] = message({ text: 'Full.', stop: 'max_tokens', output });
  const usage = { input_tokens: 0, cache_creation_input_tokens: input, output_tokens: 1 };
  return [{ ...first, type: 'message_start', message: { id: 'msg', model: 'odd-model', usage } }, ...rest];
}

/** What the vendor is to do with the calls of each run. */
const scripts = new Map<string, readonly OneCall[]>();

function playVendor(): void {
  const seen = new Map<string, number>();
  odd.answer = (response, { body }) => {
    const [name = '', run = '', n = ''] =
      /step-of-(run-[0-9a-f-]{36})-(\d\d)/.exec(JSON.stringify(body)) ?? [];
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    const { ms = 0, part = 100, fate = 'answers' } = scripts.get(run)?.[Number(n)] ?? {};
    const events = costly(body, part);
    setTimeout(() => {
      // A call that is to fail does so the first time; one that is to be left never gets an answer.
      if (fate === 'resets' && times === 1) response.socket?.resetAndDestroy();
      else if (fate === 'breaks' && times === 1) {
        write(response, events.slice(0, 3));
        setTimeout(() => response.socket?.resetAndDestroy(), 5);
      } else if (fate !== 'left') stream(response, events);
    }, ms);
  };
}

async function play(run: string, call: TestCall, { gateway: n, startMs, ms, fate }: OneCall): Promise<void> {
  const gateway = gateways[n] as TestGateway;
  await pause(startMs);
  if (fate === 'dies') {
    // Its gateway is as good as dead: it renews nothing, and the lease has been out for long.
    await gateway.put(call);
    await pause(Math.floor(ms / 2));
    await ledger.database.query(
      `UPDATE calls SET owner = 'dead', lease_until = now() - interval '20 seconds', lapsed_at = now() - interval '9 seconds'
       WHERE run = $1 AND key = $2 AND state IN ('reserved', 'sent')`,
      [run, call.key],
    );
    await insist(gateways[(n + 1) % 3] as TestGateway, call);
    return;
  }
  if (fate !== 'left') {
    await insist(gateway, call);
    return;
  }
  const { hash } = await gateway.put(call);
  const settled = gateway.settle(call, hash);
  await pause(ms + 10);
  await gateway.request('DELETE', `/calls/${encodeURIComponent(call.key)}`, { tenant: 'default', run });
  await settled;
}

test('keeps used and reserved within every limit in every version of every budget', async () => {
  const seed = Number(process.env['FERMATA_TEST_SEED'] ?? Date.now() % 2 ** 31);
  console.info(`seed ${String(seed)}: FERMATA_TEST_SEED=${String(seed)} plays the same schedules`);
  let versions = 0;
  let ambiguous = 0;
  playVendor();
  await fc.assert(
    fc.asyncProperty(fc.array(schedule, { minLength: 4, maxLength: 4 }), async (schedules) => {
      const played = await Promise.all(schedules.map(playSchedule));
      for (const each of played) {
        versions += each.versions;
        ambiguous += each.ambiguous;
      }
    }),
    { numRuns: 25, seed, endOnFailure: true },
  );
  // The schedules did what they are for.
  expect(versions).toBeGreaterThan(1_000);
  expect(ambiguous).toBeGreaterThan(0);
}, 300_000);

async function playSchedule({
  room,
  branchRoom,
  calls,
  asked,
}: Schedule): Promise<{ versions: number; ambiguous: number }> {
  const sample = 'run-00000000-0000-0000-0000-000000000000';
  const one = worstOf(makeCall(sample, stepOf(sample, 0)));
  const run = await makeRun(ledger.database, {
    ...{ limitNano: one.nano * room, limitTokens: one.tokens * room, limitCalls: calls },
  });
  scripts.set(run, asked);
  for (const branch of [0, 1, 2])
    await ensureBudget(ledger.database, {
      ...{ tenant: 'default', run, id: `step:${String(branch)}`, limitCalls: null },
      ...{ limitNano: one.nano * branchRoom, limitTokens: one.tokens * branchRoom },
    });
  await Promise.all(
    asked.map((each, n) => {
      const request = { maxOutputTokens: each.cap, minOutputTokens: Math.ceil(each.cap / 2) };
      const policy = { maxRetries: each.retries, initialDelayMs: 5 };
      const budgets = ['run', `step:${String(each.branch)}`];
      return play(run, makeCall(run, stepOf(run, n), { request, policy, budgets }), each);
    }),
  );
  const history = await versionsOf(ledger.database, run);
  expect(offending(history)).toEqual([]);
  return { versions: history.length, ambiguous: await checkBooks(run) };
}

/** What the budget says was used is what the calls say, nothing is left reserved but for ambiguous requests, and no event number is missing. */
async function checkBooks(run: string): Promise<number> {
  const { rows } = await ledger.database.query<Record<string, number>>(
    `SELECT b.used_nano, b.used_tokens, b.used_calls, b.reserved_nano, b.reserved_calls, b.reserved_tokens, c.*
     FROM budgets b, (SELECT sum(cost_nano)::bigint AS nano, sum(attempts)::bigint AS attempts,
         sum(input_tokens + output_tokens + cached_tokens)::bigint AS tokens,
         sum(ambiguous)::bigint AS ambiguous, sum(ambiguous_nano)::bigint AS ambiguous_nano
       FROM calls WHERE run = $1) AS c
     WHERE b.run = $1 AND b.id = 'run'`,
    [run],
  );
  const books = rows[0] ?? {};
  expect(books).toMatchObject({
    ...{ used_nano: books['nano'], used_tokens: books['tokens'], used_calls: books['attempts'] },
    ...{ reserved_nano: books['ambiguous_nano'], reserved_calls: 0 },
  });
  expect(books['reserved_tokens'] === 0).toBe(books['ambiguous'] === 0);
  const seqs = (await eventsOf(ledger.database, run)).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, n) => n + 1));
  return books['ambiguous'] ?? 0;
}

function worstOf({ request: { request, model } }: TestCall): { nano: number; tokens: number } {
  const { system, messages, schema, temperature, maxOutputTokens } = request;
  const asked = { model, system, messages, schema, temperature, maxOutputTokens };
  const input = anthropic({ apiKey: 'x', baseUrl: odd.url }).bound(asked);
  return { nano: input * 2500 + maxOutputTokens * 10_000, tokens: input + maxOutputTokens };
}
