import { limits } from '../contract/limits';
import type { Json, Value, Names } from '../contract/value';
import type { Database } from './database';

/** A step that waits for an event. */
export interface Subscription {
  tenant: string;
  run: string;
  path: string;
  workflowId: string;
  types: string[];
  /** A condition of the plan; null where every event of these types fits. */
  fits: Json;
  /** What the condition names beside the event. */
  names: Names;
}

/** Notes what a step waits for. Answers the event that it has taken, where it asked before. */
export async function insertSubscription(database: Database, one: Subscription): Promise<string | null> {
  const { rows } = await database.query<{ event: string | null }>(
    `WITH inserted AS (
       INSERT INTO event_subscriptions (tenant, run, path, workflow_id, types, fits_json, names_json)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING)
     SELECT event FROM event_subscriptions WHERE tenant = $1 AND run = $2 AND path = $3`,
    [
      one.tenant,
      one.run,
      one.path,
      one.workflowId,
      one.types,
      one.fits === null ? null : JSON.stringify(one.fits),
      JSON.stringify(one.names),
    ],
  );
  return rows[0]?.event ?? null;
}

/** Steps that wait for an event of this type now, the longest waiting first, in runs that have not used it. */
export async function openSubscriptions(
  database: Database,
  { tenant, id, type, run }: { tenant: string; id: string; type: string; run: string | null },
): Promise<Subscription[]> {
  const { rows } = await database.query<
    Omit<Subscription, 'fits' | 'names'> & { fitsJson: string | null; namesJson: string }
  >(
    // A step whose start is not written yet is about to wait.
    `SELECT s.tenant, s.run, s.path, s.workflow_id AS "workflowId", s.types, s.fits_json AS "fitsJson",
       s.names_json AS "namesJson"
     FROM event_subscriptions s
     JOIN runs r ON r.tenant = s.tenant AND r.id = s.run AND r.finished_at IS NULL
     LEFT JOIN steps t ON t.tenant = s.tenant AND t.run = s.run AND t.path = s.path
     WHERE s.tenant = $1 AND s.types @> ARRAY[$2] AND s.event IS NULL AND NOT s.over AND ($3::text IS NULL OR s.run = $3)
       AND coalesce(t.status, 'waiting') IN ('running', 'waiting')
       AND NOT EXISTS (SELECT FROM event_effects e WHERE e.tenant = s.tenant AND e.event = $4 AND e.run = s.run)
     ORDER BY s.position`,
    [tenant, type, run, id],
  );
  return rows.map(({ fitsJson, namesJson, ...rest }) => ({
    ...rest,
    fits: fitsJson === null ? null : (JSON.parse(fitsJson) as Json),
    names: JSON.parse(namesJson) as Names,
  }));
}

/** A step that an event was taken for. */
export interface Woken {
  run: string;
  path: string;
  workflowId: string;
  /** It takes event after event, from the ledger, and is only told that there are some. */
  reacts: boolean;
}

/**
 * Takes an event for steps that it fits, one of each run at most. Answers those for which nobody was
 * faster, with another event or with this one.
 */
export async function takeFor(
  database: Database,
  { tenant, event, told }: { tenant: string; event: string; told: boolean },
  steps: readonly { run: string; path: string }[],
): Promise<Woken[]> {
  const { rows } = await database.query<Woken & { noted: boolean }>(
    `WITH fitting AS (SELECT * FROM unnest($3::text[], $4::text[]) AS f (run, path)),
     taken AS (
       UPDATE event_subscriptions s SET event = CASE WHEN s.reacts THEN NULL ELSE $2 END FROM fitting f
       WHERE s.tenant = $1 AND s.run = f.run AND s.path = f.path AND s.event IS NULL AND NOT s.over
         AND NOT EXISTS (SELECT FROM event_effects e WHERE e.tenant = $1 AND e.event = $2 AND e.run = s.run)
       RETURNING s.run, s.path, s.workflow_id, s.reacts),
     noted AS (
       INSERT INTO event_effects (tenant, event, run, path, told, place)
       SELECT $1, $2, run, path, $5, (SELECT position FROM received_events WHERE tenant = $1 AND id = $2)
       FROM taken ON CONFLICT DO NOTHING RETURNING run),
     used AS (
       UPDATE received_events SET status = 'delivered', reason = NULL
       WHERE tenant = $1 AND id = $2 AND EXISTS (SELECT FROM noted)
         AND (status = 'kept' OR (status = 'dead' AND reason = 'unmatched')))
     SELECT taken.run, taken.path, taken.workflow_id AS "workflowId", taken.reacts, noted.run IS NOT NULL AS noted
     FROM taken LEFT JOIN noted ON noted.run = taken.run`,
    [tenant, event, steps.map(({ run }) => run), steps.map(({ path }) => path), told],
  );
  // The run has used it at the very same time for another step: this one waits on.
  for (const { run, path } of rows.filter(({ noted }) => !noted))
    await database.query(
      'UPDATE event_subscriptions SET event = NULL WHERE tenant = $1 AND run = $2 AND path = $3 AND event = $4',
      [tenant, run, path, event],
    );
  return rows
    .filter(({ noted }) => noted)
    .map(({ run, path, workflowId, reacts }) => ({ run, path, workflowId, reacts }));
}

/** An event as it is handed on. */
export interface StoredEvent {
  id: string;
  type: string;
  event: Value;
}

/** Events that came since a run began, and those sent to it, that it has not used; the oldest first. */
export async function eventsBefore(
  database: Database,
  { tenant, run, types }: Pick<Subscription, 'tenant' | 'run' | 'types'>,
  page: { after: string; limit: number },
): Promise<(StoredEvent & { position: string })[]> {
  const { rows } = await database.query<{ id: string; type: string; eventJson: string; position: string }>(
    `SELECT id, type, event_json AS "eventJson", position::text AS position FROM received_events e
     WHERE tenant = $1 AND type = ANY ($3) AND position > $4::bigint AND hops <= $6
       AND (run = $2 OR (run IS NULL AND received_at >= (SELECT created_at FROM runs WHERE tenant = $1 AND id = $2)))
       AND NOT EXISTS (SELECT FROM event_effects f WHERE f.tenant = $1 AND f.event = e.id AND f.run = $2)
     ORDER BY e.position LIMIT $5`,
    [tenant, run, types, page.after, page.limit, limits.hopsMax],
  );
  return rows.map(({ eventJson, ...rest }) => ({ ...rest, event: JSON.parse(eventJson) as Value }));
}
