import type { Value } from '../contract/value';
import { limits } from '../contract/limits';
import type { Database } from './database';

/** A step that takes event after event. */
interface Reactor {
  tenant: string;
  run: string;
  path: string;
}

/** Notes what a step takes from here on; opens one again that a reset has made young again. */
export async function openReactor(
  database: Database,
  { tenant, run, path, workflowId, types }: Reactor & { workflowId: string; types: string[] },
): Promise<void> {
  await database.query(
    `INSERT INTO event_subscriptions (tenant, run, path, workflow_id, types, names_json, reacts)
     VALUES ($1, $2, $3, $4, $5, '{}', true)
     ON CONFLICT (tenant, run, path) DO UPDATE SET over = false`,
    [tenant, run, path, workflowId, types],
  );
}

/** Takes the events that came since the run began, and those sent to it, that it has not used. */
export async function takeEarlier(
  database: Database,
  { tenant, run, path, types }: Reactor & { types: string[] },
): Promise<void> {
  await database.query(
    `WITH noted AS (
       INSERT INTO event_effects (tenant, event, run, path, told, place)
       SELECT e.tenant, e.id, $2, $3, true, e.position FROM received_events e JOIN runs r ON r.tenant = $1 AND r.id = $2
       WHERE e.tenant = $1 AND e.type = ANY ($4) AND e.hops <= $5
         AND (e.run = $2 OR (e.run IS NULL AND e.received_at >= r.created_at))
       ON CONFLICT DO NOTHING RETURNING event)
     UPDATE received_events SET status = 'delivered', reason = NULL FROM noted
     WHERE tenant = $1 AND id = noted.event AND (status = 'kept' OR (status = 'dead' AND reason = 'unmatched'))`,
    [tenant, run, path, types, limits.hopsMax],
  );
}

interface BatchEvent {
  id: string;
  type: string;
  hops: number;
  event: Value;
}

/** The events of a batch, the oldest first: those that it was given before, else the next ones. */
export async function takeBatch(
  database: Database,
  { tenant, run, path }: Reactor,
  { batch, room }: { batch: number; room: number },
): Promise<BatchEvent[]> {
  // Of two that ask for the same batch at once the second waits for the row of the first, and then
  // finds the batch taken.
  await database.query(
    `WITH next AS (
       UPDATE event_subscriptions SET batch = $4
       WHERE tenant = $1 AND run = $2 AND path = $3 AND batch < $4 RETURNING batch),
     picked AS MATERIALIZED (
       SELECT event, place FROM event_effects
       WHERE tenant = $1 AND run = $2 AND path = $3 AND batch IS NULL ORDER BY place LIMIT $5)
     UPDATE event_effects f SET batch = next.batch, told = true FROM next, picked
     WHERE f.tenant = $1 AND f.run = $2 AND f.path = $3 AND f.batch IS NULL
       AND f.place = picked.place AND f.event = picked.event`,
    [tenant, run, path, batch, room],
  );
  const { rows } = await database.query<Omit<BatchEvent, 'event'> & { eventJson: string }>(
    `SELECT e.id, e.type, e.hops, e.event_json AS "eventJson"
     FROM event_effects f JOIN received_events e ON e.tenant = f.tenant AND e.id = f.event
     WHERE f.tenant = $1 AND f.run = $2 AND f.path = $3 AND f.batch = $4 ORDER BY f.place`,
    [tenant, run, path, batch],
  );
  return rows.map(({ eventJson, ...rest }) => ({ ...rest, event: JSON.parse(eventJson) as Value }));
}

/** Makes dead letters of events that a step could not handle. */
export async function noteDead(
  database: Database,
  { tenant, run }: Reactor,
  dead: { id: string; reason: string }[],
): Promise<void> {
  await database.query(
    `WITH given AS (SELECT * FROM unnest($3::text[], $4::text[]) AS g (id, reason)),
     noted AS (
       UPDATE event_effects SET failed = true FROM given WHERE tenant = $1 AND run = $2 AND event = given.id)
     UPDATE received_events e SET status = 'dead', reason = given.reason FROM given
     WHERE e.tenant = $1 AND e.id = given.id`,
    [tenant, run, dead.map(({ id }) => id), dead.map(({ reason }) => reason)],
  );
}

/** Ends a step's taking. What it has not begun is delivered once more, to whoever waits for it now. */
export async function closeReactor(
  database: Database,
  { tenant, run, path }: Reactor,
  left: string[],
): Promise<void> {
  // First of all, so that no event is taken for it after those that it leaves were found.
  await database.query(
    'UPDATE event_subscriptions SET over = true WHERE tenant = $1 AND run = $2 AND path = $3',
    [tenant, run, path],
  );
  await database.query(
    `WITH released AS (
       DELETE FROM event_effects
       WHERE tenant = $1 AND run = $2 AND path = $3 AND (batch IS NULL OR event = ANY ($4)) RETURNING event)
     UPDATE received_events e SET status = 'pending', tried_at = '-infinity'
     FROM released WHERE e.tenant = $1 AND e.id = released.event AND e.status IN ('delivered', 'pending')`,
    [tenant, run, path, left],
  );
}
