import type { Database } from './database';
import { statementOf, type JournalWrite } from './journal-statement';

const uniqueViolation = '23505';

/**
 * Writes entries as events of the run, each once, and what they say about the run, its steps and its
 * approvals: one statement, so that whoever sees an event sees its effect. Event numbers are given
 * out under the lock of the run's row, which makes their order the order of commit.
 */
export async function writeEntries(database: Database, write: JournalWrite): Promise<void> {
  if (write.journal.entries.length === 0 && write.approval === undefined) return;
  const { sql, parameters } = statementOf(write);
  for (;;) {
    try {
      await database.query(sql, parameters);
      return;
    } catch (error) {
      // Somebody wrote one of the same entries while this statement waited for the run's row: its
      // snapshot is older than that. Once more, and it sees them.
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== uniqueViolation || constraint !== 'run_events_once') throw error;
    }
  }
}

/** How many entries of a Temporal run the ledger holds, beside those of the batch. */
export async function countOtherEntries(
  database: Database,
  { tenant, run, journal }: JournalWrite,
): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `SELECT count(*) AS count FROM run_events
     WHERE tenant = $1 AND run = $2 AND temporal_run = $3 AND NOT entry = ANY ($4::int[])`,
    [tenant, run, journal.temporalRun, journal.entries.map((entry) => entry.n)],
  );
  return rows[0]?.count ?? 0;
}
