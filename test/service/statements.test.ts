import { createGatewayClient } from '../../src/activities/gateway-client';
import { internalKey, makeCall, makeRun, startGateway, type TestGateway } from '../gateway/support/gateway';
import { testDatabase, type TestDatabase } from '../support/database';
import { ask, openHouse, planOf, type House } from './support/house';
import { useTemporal } from './support/temporal';
import { openStatementCounter, type StatementCounter } from './support/statement-counter';

// What a run costs its ledger and its gateway in counts, which don't vary as times do.
let ledger: TestDatabase;
let counter: StatementCounter;
let house: House;
const temporal = useTemporal();
beforeAll(async () => {
  ledger = await testDatabase();
  counter = await openStatementCounter(ledger.url);
  house = await openHouse({ env: { DATABASE_URL: counter.url } });
  // The first call to a model makes rows that all later ones find, and the first run reads what is kept.
  await statementsOf(agents(1));
}, 120_000);
afterAll(async () => {
  await house.close();
  await counter.close();
  await ledger.close();
}, 60_000);
afterEach(() => house.vendor.clearScript());

/** What is asked from time to time of whatever is open, by the clock and not by the run. */
const periodic = [/^UPDATE calls c SET lease_until/, /^SELECT tenant, id, status/, /^SELECT t\.run, t\.id/];

const names: [RegExp, string][] = [
  [/^WITH claimed /, 'accept the run'],
  [/^WITH started /, 'note its start'],
  [/^SELECT r\.id, r\.plan_name/, 'show it'],
  [/^WITH fresh /, 'write the journal'],
  [/^WITH rival /, 'register a call'],
  [/SELECT c\.budgets FROM calls/, 'reserve its worst case'],
  [/SELECT c\.vendor, c\.model FROM/, 'note that it goes out'],
  [/SELECT c\.path, c\.vendor, c\.model/, 'settle it'],
];

/** How often what was asked about a run, from its start to its end. What has no name here stands with its text. */
async function statementsOf(flow: unknown): Promise<Record<string, number>> {
  const id = await house.start(planOf(flow), {});
  // Temporal is asked for the end, since asking the service would be statements, too.
  await temporal.client.workflow.getHandle(id).result();
  const counts: Record<string, number> = {};
  for (const text of counter.of(id).filter((each) => !periodic.some((known) => known.test(each)))) {
    const name = names.find(([known]) => known.test(text))?.[1] ?? text;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const agents = (count: number) => ({
  type: 'sequence',
  steps: Array.from({ length: count }, (_, n) => ask(`Tell me the ${String(n)}th part of the story.`)),
});

test('a model call is five statements, and none of them reads or writes its answer again', async () => {
  const one = await statementsOf(agents(1));
  const three = await statementsOf(agents(3));
  const more = Object.keys({ ...one, ...three })
    .map((name) => [name, (three[name] ?? 0) - (one[name] ?? 0)] as const)
    .filter(([, difference]) => difference !== 0);
  expect(Object.fromEntries(more)).toEqual({
    'write the journal': 2,
    'register a call': 2,
    'reserve its worst case': 2,
    'note that it goes out': 2,
    'settle it': 2,
  });
}, 60_000);

test('a run of one call is nine statements', async () => {
  const counts = await statementsOf(agents(1));
  expect(counts).toMatchObject({
    'accept the run': 1,
    'note its start': 1,
    'show it': 1,
    'write the journal': 2,
  });
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(9);
}, 60_000);

describe('round trips to the gateway', () => {
  let gateway: TestGateway;
  let requests: jest.SpyInstance;
  beforeAll(async () => {
    gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: house.vendor.url });
  });
  beforeEach(() => {
    requests = jest.spyOn(globalThis, 'fetch');
  });
  afterEach(() => {
    requests.mockRestore();
  });
  afterAll(() => gateway.drain());

  async function tripsOf(step: string): Promise<number> {
    const { key, request } = makeCall(await makeRun(ledger.database), step);
    const client = createGatewayClient([gateway.url], internalKey);
    const before = requests.mock.calls.length;
    const { state } = await client.complete(key, request, new AbortController().signal);
    expect(state).toBe('done');
    const toGateway = ([to]: unknown[]) => String(to).startsWith(gateway.url);
    return requests.mock.calls.slice(before).filter(toGateway).length;
  }

  test('a call that is soon done is one', async () => {
    expect(await tripsOf('soon')).toBe(1);
  });

  test('a call that takes some seconds is two', async () => {
    await house.vendor.script({ then: { type: 'slow', ms: 2_500 } });
    expect(await tripsOf('later')).toBe(2);
  });
});
