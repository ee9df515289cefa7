import { openDatabase } from '../../src/ledger/database';
import { testDatabase, type TestDatabase } from '../support/database';

let ledger: TestDatabase;
beforeAll(async () => {
  ledger = await testDatabase();
});
afterAll(async () => {
  await ledger.close();
});

test('keeps the statements of many clients apart, also when a parameter arrives in several pieces', async () => {
  const pools = [1, 2, 3, 4].map(() => openDatabase(ledger.url));
  const large = 'x'.repeat(300_000);
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
    pools.flatMap((pool) => Array.from({ length: 50 }, (_, n) => ask(pool, n))),
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
