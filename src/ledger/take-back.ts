import type { NumberRange } from '../contract/journal';
import type { Database } from './database';
import type { JournalWrite } from './journal-statement';

/**
 * Takes back what stands under the numbers of these entries and says something else. Local activities
 * of a workflow task that is not kept, because a message came in or its worker died, are carried out
 * again, by then with other news: only the history knows which of them has happened, and it is the
 * later one that the workflow goes on from.
 */
export async function takeBackUnkept(database: Database, write: JournalWrite): Promise<void> {
  const { entries } = write.journal;
  await takeBack(database, write, {
    columns: [
      ['first', 'int', entries.map(({ n }) => n)],
      ['type', 'text', entries.map(({ type }) => type)],
      ['step', 'text', entries.map(({ step }) => step)],
      ['data', 'bytea', entries.map(({ data }) => Buffer.from(JSON.stringify(data), 'utf8'))],
    ],
    where: 'r.entry = e.first AND (r.type <> e.type OR r.step IS DISTINCT FROM e.step OR r.data <> e.data)',
  });
}

/** The same for numbers that no entry of the journal has. */
export async function takeBackNumbers(
  database: Database,
  write: JournalWrite,
  ranges: NumberRange[],
): Promise<void> {
  await takeBack(database, write, {
    columns: [
      ['first', 'int', ranges.map(({ first }) => first)],
      ['last', 'int', ranges.map(({ last }) => last)],
    ],
    where: 'r.entry BETWEEN e.first AND e.last',
  });
}

interface Told {
  /** Names, types and values, of equal length: one row for each entry or range, in `e`. */
  columns: [name: string, type: string, values: unknown[]][];
  /** Which events `r` are taken back. */
  where: string;
}

/** An approval that was ended by such an event is open again. */
async function takeBack(
  database: Database,
  { tenant, run, journal }: JournalWrite,
  { columns, where }: Told,
): Promise<void> {
  const arrays = columns.map(([, type], index) => `$${String(index + 4)}::${type}[]`);
  const names = columns.map(([name]) => name);
  await database.query(
    `WITH taken AS (
       -- It is no entry any more, for a reset would count it again.
       UPDATE run_events r SET superseded = true, entry = NULL
       FROM unnest(${arrays.join(', ')}) AS e (${names.join(', ')})
       WHERE r.tenant = $1 AND r.run = $2 AND coalesce(r.child, '') = $3 AND NOT r.superseded AND ${where}
       RETURNING r.step, e.first - 1 AS before, r.type, r.data),
     reopened AS (
       UPDATE approvals a SET status = 'pending', decided_content_json = NULL
       FROM taken t
       WHERE a.tenant = $1 AND a.run = $2 AND t.type IN ('approval.decided', 'approval.expired')
         -- Postgres reads no JSON with an escaped NUL, as a comment may have.
         AND position(convert_to('"approval":"' || a.id || '"', 'UTF8') IN t.data) > 0
       RETURNING a.id),
     undecided AS (
       UPDATE decisions d SET superseded = true FROM reopened
       WHERE d.tenant = $1 AND d.approval = reopened.id AND NOT d.superseded),
     -- What is said of it now may have a lower number than what was said of it then.
     stepped AS (
       UPDATE steps s SET entry = least(s.entry, t.before)
       FROM (SELECT step, min(before) AS before FROM taken GROUP BY step) t
       WHERE s.tenant = $1 AND s.run = $2 AND s.path = t.step)
     UPDATE runs SET entry = least(entry, t.before)
     FROM (SELECT min(before) AS before FROM taken WHERE step IS NULL) t
     WHERE tenant = $1 AND id = $2 AND t.before IS NOT NULL`,
    [...[tenant, run, journal.child?.id ?? ''], ...columns.map(([, , values]) => values)],
  );
}
