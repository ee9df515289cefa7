import { createHash } from 'node:crypto';
import type { Value } from '../contract/value';
import type { Database } from './database';
import type { StoredEvent } from './subscriptions';

export const eventStatuses = ['pending', 'delivered', 'kept', 'dead'] as const;
type EventStatus = (typeof eventStatuses)[number];

export interface ReceivedEvent extends StoredEvent {
  tenant: string;
  source: string;
  /** The run that it is for; null where any may use it. */
  run: string | null;
  hops: number;
}

/** The service's id of an event: the same for the same source and id. */
export function eventIdOf(source: string, id: string): string {
  return `evt_${createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex')
    .slice(0, 32)}`;
}

/** Stores an event once. False where it has come before; then nothing is changed. */
export async function insertEvent(database: Database, one: ReceivedEvent): Promise<boolean> {
  const { rowCount } = await database.query(
    `INSERT INTO received_events (tenant, id, type, source, event_json, run, hops)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [one.tenant, one.id, one.type, one.source, JSON.stringify(one.event), one.run, one.hops],
  );
  return rowCount === 1;
}

/** The same for an event of a plan. Nobody is at it yet, so it may be taken up at once. */
export async function insertEmitted(database: Database, one: ReceivedEvent): Promise<void> {
  await database.query(
    `INSERT INTO received_events (tenant, id, type, source, event_json, run, hops, tried_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, '-infinity') ON CONFLICT DO NOTHING`,
    [one.tenant, one.id, one.type, one.source, JSON.stringify(one.event), one.run, one.hops],
  );
}

/** Through how many plans the events have come that started a run or that its waiting steps have taken. */
export async function causedBy(database: Database, tenant: string, run: string): Promise<number> {
  const { rows } = await database.query<{ hops: number | null }>(
    `SELECT max(e.hops) AS hops FROM event_effects f
     JOIN received_events e ON e.tenant = f.tenant AND e.id = f.event
     LEFT JOIN event_subscriptions s ON s.tenant = f.tenant AND s.run = f.run AND s.path = f.path
     WHERE f.tenant = $1 AND f.run = $2 AND s.reacts IS NOT TRUE`,
    [tenant, run],
  );
  return rows[0]?.hops ?? 0;
}

export const eventColumns = `tenant, id, type, source, event_json AS "eventJson", run, hops`;
export type EventRow = Omit<ReceivedEvent, 'event'> & { eventJson: string };
export const eventOf = ({ tenant, id, type, source, eventJson, run, hops }: EventRow): ReceivedEvent => ({
  ...{ tenant, id, type, source, run, hops },
  event: JSON.parse(eventJson) as Value,
});

/**
 * Takes up events that are left in the middle: whoever stored them, or took them up before, has had
 * so many seconds.
 */
export async function takePending(
  database: Database,
  { olderThanSeconds, limit }: { olderThanSeconds: number; limit: number },
): Promise<ReceivedEvent[]> {
  const { rows } = await database.query<EventRow & { position: string }>(
    `UPDATE received_events SET tried_at = now()
     WHERE (tenant, id) IN (
       SELECT tenant, id FROM received_events
       WHERE status = 'pending' AND tried_at <= now() - make_interval(secs => $1)
       ORDER BY tried_at, position LIMIT $2)
     RETURNING ${eventColumns}, position`,
    [olderThanSeconds, limit],
  );
  return rows.sort((left, right) => Number(left.position) - Number(right.position)).map(eventOf);
}

/**
 * Notes what became of an event: by what followed from it, or why that is not all. One that was given
 * back meanwhile by a step that it was taken for stays to be delivered.
 */
export async function settleEvent(
  database: Database,
  { tenant, id }: { tenant: string; id: string },
  reason: string | null,
): Promise<void> {
  await database.query(
    `UPDATE received_events e SET (status, reason) = (
       SELECT CASE WHEN $3::text IS NOT NULL THEN 'dead' WHEN is_used THEN 'delivered' WHEN is_open THEN 'kept' ELSE 'dead' END,
         CASE WHEN $3::text IS NOT NULL THEN $3 WHEN NOT is_used AND NOT is_open THEN 'unmatched' END
       FROM (SELECT
         EXISTS (SELECT FROM event_effects f WHERE f.tenant = $1 AND f.event = $2) AS is_used,
         -- For whom it may be kept.
         EXISTS (SELECT FROM runs r WHERE r.tenant = $1 AND r.id = e.run AND r.finished_at IS NULL) AS is_open) known)
     WHERE tenant = $1 AND id = $2 AND status = 'pending' AND tried_at > '-infinity'`,
    [tenant, id, reason],
  );
}

/** What followed from an event as far as it is known. */
export interface EventFate {
  status: EventStatus;
  started: string[];
  woken: { run: string; step: string }[];
}

export async function readFate(database: Database, tenant: string, id: string): Promise<EventFate> {
  const { rows } = await database.query<{ status: EventStatus; run: string | null; path: string | null }>(
    `SELECT e.status, f.run, f.path FROM received_events e
     LEFT JOIN event_effects f ON f.tenant = e.tenant AND f.event = e.id
     WHERE e.tenant = $1 AND e.id = $2 ORDER BY f.run`,
    [tenant, id],
  );
  return {
    status: rows[0]?.status ?? 'pending',
    started: rows.flatMap(({ run, path }) => (run !== null && path === '' ? [run] : [])),
    // A run that was started has no step that was woken.
    woken: rows.flatMap(({ run, path }) => (run === null || !path ? [] : [{ run, step: path }])),
  };
}

/** How many events a run keeps that no step has used. */
export async function countKept(database: Database, tenant: string, run: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `SELECT count(*) AS count FROM received_events WHERE tenant = $1 AND run = $2 AND status IN ('pending', 'kept')`,
    [tenant, run],
  );
  return rows[0]?.count ?? 0;
}

/** A run that an event was taken for and that may not know it yet. */
export interface Untold {
  tenant: string;
  run: string;
  path: string;
  workflowId: string;
  reacts: boolean;
  event: StoredEvent;
}

export async function readUntold(
  database: Database,
  { olderThanSeconds, limit }: { olderThanSeconds: number; limit: number },
): Promise<Untold[]> {
  const { rows } = await database.query<
    Omit<Untold, 'event'> & { id: string; type: string; eventJson: string }
  >(
    `SELECT f.tenant, f.run, f.path, s.workflow_id AS "workflowId", s.reacts, e.id, e.type, e.event_json AS "eventJson"
     FROM event_effects f
     JOIN received_events e ON e.tenant = f.tenant AND e.id = f.event
     JOIN event_subscriptions s ON s.tenant = f.tenant AND s.run = f.run AND s.path = f.path
     WHERE NOT f.told AND f.at <= now() - make_interval(secs => $1) ORDER BY f.at, e.position LIMIT $2`,
    [olderThanSeconds, limit],
  );
  return rows.map(({ id, type, eventJson, ...rest }) => ({
    ...rest,
    event: { id, type, event: JSON.parse(eventJson) as Value },
  }));
}

export async function markTold(
  database: Database,
  { tenant, event, run }: { tenant: string; event: string; run: string },
): Promise<void> {
  await database.query('UPDATE event_effects SET told = true WHERE tenant = $1 AND event = $2 AND run = $3', [
    tenant,
    event,
    run,
  ]);
}

/** An event whole. Throws where there is none: it is named by what followed from it. */
export async function readEvent(database: Database, tenant: string, id: string): Promise<Value> {
  const { rows } = await database.query<{ eventJson: string }>(
    'SELECT event_json AS "eventJson" FROM received_events WHERE tenant = $1 AND id = $2',
    [tenant, id],
  );
  if (rows[0] === undefined) throw new Error(`There is no event ${id}.`);
  return JSON.parse(rows[0].eventJson) as Value;
}
