import pg from 'pg';

/**
 * The ledger's Postgres. One round trip is one transaction: no `BEGIN` across awaits, no named
 * statements, no session settings or session locks, because the embedded database shares one
 * session between all its clients.
 */
export type Database = pg.Pool;

/** Opens a pool on a Postgres URL. 64-bit integers come back as numbers: money stays below 2^53 nano-USD. */
export function openDatabase(url: string, connectionsMax = 8): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    // The embedded database can't cancel a statement, so no statement_timeout is set here.
    types: {
      getTypeParser(oid, format) {
        if (oid === pg.types.builtins.INT8) return Number;
        // The parsers of pg are typed as `any`.
        return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
      },
    },
  });
  // A dropped idle connection is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}
