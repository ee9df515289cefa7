import { openDatabase } from '../../src/ledger/database';
import { eventually } from '../support/eventually';
import { testDatabase, type TestDatabase } from '../support/database';

let ledger: TestDatabase;
beforeAll(async () => {
  ledger = await testDatabase('embedded');
});
afterAll(async () => {
  await ledger.close();
});

test('keeps the statements of many clients apart, also when a parameter arrives in several pieces', async () => {
  const pools = [1, 2, 3, 4].map(() => openDatabase(ledger.url));
  const large = 'x'.repeat(200_000);
  const ask = async (pool: (typeof pools)[number], index: number): Promise<boolean> => {
    if (index % 2 === 0) {
      const { rows } = await pool.query<{ n: number }>('SELECT $1::int AS n', [index]);
      return rows[0]?.n === index;
    }
    const { rows } = await pool.query<{ bytes: number; n: number }>(
      'SELECT length($1::text) AS bytes, $2::int AS n',
      [large, index],
    );
    return rows[0]?.bytes === large.length && rows[0].n === index;
  };
  const answers = await Promise.all(
    pools.flatMap((pool) => Array.from({ length: 15 }, (_, n) => ask(pool, n))),
  );
  await Promise.all(pools.map((pool) => pool.end()));
  expect(answers.filter((right) => !right)).toEqual([]);
});

test('answers an error of SQL and goes on', async () => {
  await expect(ledger.database.query('SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
  const { rows } = await ledger.database.query('SELECT $1::int AS n', [7]);
  expect(rows).toEqual([{ n: 7 }]);
});

test('rolls back what a client left open when it went away', async () => {
  const other = openDatabase(ledger.url, 1);
  const client = await other.connect();
  await client.query('BEGIN');
  await client.query("INSERT INTO tenants (id, name, content_key) VALUES ('left', 'left', '\\x00')");
  client.release(true);
  await other.end();
  const { rows } = await ledger.database.query("SELECT id FROM tenants WHERE id = 'left'");
  expect(rows).toEqual([]);
});

test('understands a statement anew when a table that it reads has changed', async () => {
  const { database } = ledger;
  const read = () => database.query('SELECT * FROM changing WHERE id = $1', [1]);
  await database.query('CREATE TABLE changing (id integer)');
  await database.query('INSERT INTO changing VALUES ($1)', [1]);
  await read();
  expect((await read()).rows).toEqual([{ id: 1 }]);
  await database.query('ALTER TABLE changing ADD COLUMN name text');
  expect((await read()).rows).toEqual([{ id: 1, name: null }]);
  await database.query('DROP TABLE changing');
  await expect(read()).rejects.toThrow('relation "changing" does not exist');
});

test('runs more different statements than it remembers, and each of them again', async () => {
  const { database } = ledger;
  const ask = async (n: number) => {
    const { rows } = await database.query<{ sum: number }>(`SELECT ${String(n)} + $1::int AS sum`, [n]);
    return rows[0]?.sum;
  };
  const numbers = Array.from({ length: 450 }, (_, n) => n % 230);
  for (const n of numbers) expect(await ask(n)).toBe(2 * n);
});

test('tells the parameters of one statement apart by what type they are given', async () => {
  const { database } = ledger;
  const text = 'SELECT $1 AS given';
  expect((await database.query(text, ['a'])).rows).toEqual([{ given: 'a' }]);
  expect((await database.query(text, ['b'])).rows).toEqual([{ given: 'b' }]);
  await expect(database.query('SELECT $1::int AS given', ['b'])).rejects.toThrow('invalid input syntax');
  expect((await database.query('SELECT $1::int AS given', ['3'])).rows).toEqual([{ given: 3 }]);
});

test('learns how large a table has become, so that statements are planned for it', async () => {
  const { database } = ledger;
  await database.query('CREATE TABLE growing (id integer)');
  await database.query('INSERT INTO growing SELECT generate_series(1, $1::int)', [500]);
  const known = await eventually('its size is known', async () => {
    const { rows } = await database.query<{ size: number }>(
      "SELECT reltuples AS size FROM pg_class WHERE relname = 'growing' AND reltuples >= 0",
    );
    return rows[0]?.size;
  });
  expect(known).toBe(500);
});
