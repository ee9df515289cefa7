import type { Database } from './database';
import { eventOf, eventColumns, type EventRow, type ReceivedEvent } from './received-events';

export interface ListedEvent extends ReceivedEvent {
  status: 'pending' | 'delivered' | 'kept' | 'dead';
  reason: string | null;
  receivedAt: Date;
  position: string;
}

/** Events of a tenant, newest first. What was found dead and was taken later is dead no more. */
export async function listEvents(
  database: Database,
  tenant: string,
  filter: { status: readonly string[]; after: string | null; limit: number },
): Promise<ListedEvent[]> {
  const { rows } = await database.query<EventRow & Omit<ListedEvent, keyof ReceivedEvent>>(
    `SELECT ${eventColumns}, status, reason, received_at AS "receivedAt", position::text AS position
     FROM received_events
     WHERE tenant = $1 AND (cardinality($2::text[]) = 0 OR status = ANY ($2))
       AND ($3::bigint IS NULL OR position < $3::bigint)
     ORDER BY received_events.position DESC LIMIT $4`,
    [tenant, filter.status, filter.after, filter.limit],
  );
  return rows.map((row) => {
    const { status, reason, receivedAt, position } = row;
    return { ...eventOf(row), status, reason, receivedAt, position };
  });
}

/** Lets an event be delivered once more. Null: there is none. */
export async function reopenEvent(
  database: Database,
  tenant: string,
  id: string,
): Promise<ReceivedEvent | null> {
  const { rows } = await database.query<EventRow>(
    // Where it could not be handled it may come again.
    `WITH forgotten AS (DELETE FROM event_effects WHERE tenant = $1 AND event = $2 AND failed)
     UPDATE received_events SET status = 'pending', tried_at = now() WHERE tenant = $1 AND id = $2
     RETURNING ${eventColumns}`,
    [tenant, id],
  );
  return rows[0] === undefined ? null : eventOf(rows[0]);
}
