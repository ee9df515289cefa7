import type { Database } from './database';

/** One stored event; `data` is JSON as bytes. */
export interface EventRow {
  run: string;
  seq: number;
  type: string;
  at: Date;
  step: string | null;
  data: Buffer;
}

/** A run that somebody follows, and the last event of it that is known. */
export interface Watched {
  tenant: string;
  run: string;
  after: number;
}

/** Where the run's events stand. Null: no such run. */
export async function lastEvent(
  database: Database,
  tenant: string,
  run: string,
): Promise<{ seq: number; closed: boolean } | null> {
  const { rows } = await database.query<{ seq: number; closed: boolean }>(
    `SELECT last_seq AS seq, finished_at IS NOT NULL AS closed FROM runs WHERE tenant = $1 AND id = $2`,
    [tenant, run],
  );
  return rows[0] ?? null;
}

/** How many events are read at once, and about how many bytes of them. The first one is read however large. */
export interface Page {
  events: number;
  bytes: number;
}

/** The next events of one run, in order. */
export async function readEvents(database: Database, from: Watched, page: Page): Promise<EventRow[]> {
  const { rows } = await database.query<EventRow>(
    `SELECT run, seq, type, at, step, data FROM (
       SELECT *, sum(length(data)) OVER (ORDER BY seq) - length(data) AS bytes_before FROM run_events
       WHERE tenant = $1 AND run = $2 AND seq > $3 ORDER BY seq LIMIT $4) page
     WHERE bytes_before < $5 ORDER BY seq`,
    [from.tenant, from.run, from.after, page.events, page.bytes],
  );
  return rows;
}

/** What is new in any of the runs that are followed, in one query; each run's events in order. */
export async function readNewEvents(
  database: Database,
  watched: Watched[],
  page: Page,
): Promise<(EventRow & { tenant: string })[]> {
  const { rows } = await database.query<EventRow & { tenant: string }>(
    `SELECT tenant, run, seq, type, at, step, data FROM (
       SELECT e.*, sum(length(e.data)) OVER (ORDER BY e.run, e.seq) - length(e.data) AS bytes_before
       FROM unnest($1::text[], $2::text[], $3::bigint[]) AS w (tenant, run, after)
       JOIN runs r ON r.tenant = w.tenant AND r.id = w.run AND r.last_seq > w.after
       JOIN run_events e ON e.tenant = w.tenant AND e.run = w.run AND e.seq > w.after
       ORDER BY e.run, e.seq LIMIT $4) page
     WHERE bytes_before < $5 ORDER BY run, seq`,
    [
      watched.map((one) => one.tenant),
      watched.map((one) => one.run),
      watched.map((one) => one.after),
      page.events,
      page.bytes,
    ],
  );
  return rows;
}
