import { silenceRuntime } from '../../src/replay/replay';
import { workerSettings } from '../../src/worker/settings';
import { testDatabase, type TestDatabase } from '../support/database';
import { eventually } from '../support/eventually';
import { openHouse, planOf, type House } from './support/house';
import { replayFaults } from './support/replays';
import { useTemporal } from './support/temporal';

let ledger: TestDatabase;
let house: House;
const temporal = useTemporal();
beforeAll(async () => {
  silenceRuntime();
  ledger = await testDatabase();
  house = await openHouse({ env: { DATABASE_URL: ledger.url } });
}, 60_000);
afterAll(async () => {
  await house.close();
  await ledger.close();
}, 60_000);

// Local activities side by side end in any order, and at a replay in the one in which they were
// scheduled: the results of branches would be mixed up.
test('a run with many evaluations side by side is replayed as it went', async () => {
  const branch = (name: string) => ({
    type: 'sequence',
    steps: [1, 40, 3].map((times) => ({ type: 'set', value: `${`${name} `.repeat(times)}{{ previous }}` })),
  });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const branches = Object.fromEntries(names.map((name) => [name, branch(name)]));
  const histories = [];
  for (const name of ['first', 'second', 'third']) {
    const id = await house.start(planOf({ type: 'parallel', concurrency: names.length, branches }), { name });
    expect(await house.ended(id)).toMatchObject({ status: 'completed' });
    histories.push({ name, events: await temporal.history(id) });
  }
  expect(await replayFaults(histories)).toEqual([]);
}, 120_000);

// A worker with more runs than its memory holds drops one. Of a run that waits for its local activity's
// next try, Temporal's SDK then says that the activity was cancelled, although nobody has done that.
test('a run that is dropped from memory while its ledger refuses its end is not ended by that', async () => {
  const { database } = ledger;
  await database.query(`
    CREATE SEQUENCE refusals;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'It is the %th that is refused.', nextval('refusals'); END $$;
    CREATE TRIGGER refused BEFORE INSERT ON run_events FOR EACH ROW
      WHEN (NEW.type = 'run.finished') EXECUTE FUNCTION refuse()`);
  const plan = planOf({ type: 'set', value: 'all of it' });
  const starts = Array.from({ length: 3 * workerSettings.maxCachedWorkflows }, () => house.start(plan));
  const ids = await Promise.all(starts);
  await eventually('all have tried to write their ends, and again', async () => {
    const { rows } = await database.query<{ count: string }>('SELECT last_value AS count FROM refusals');
    return Number(rows[0]?.count) >= 3 * ids.length ? true : undefined;
  });
  await database.query('DROP TRIGGER refused ON run_events');
  for (const id of ids)
    expect(await house.ended(id)).toMatchObject({ status: 'completed', result: { output: 'all of it' } });
}, 120_000);
