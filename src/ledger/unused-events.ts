/**
 * A part of the statement that closes a run: the events that were kept for it, or are being delivered
 * to it, and that no step has taken are dead letters. `closed` is the part that closed it.
 */
export function unusedEventsPart({ tenant, run }: { tenant: string; run: string }, closed: string): string {
  return `unused_events AS (
    UPDATE received_events e SET status = 'dead', reason = 'unmatched' FROM ${closed}
    WHERE e.tenant = ${tenant} AND e.run = ${run} AND e.status IN ('kept', 'pending')
      AND NOT EXISTS (SELECT FROM event_effects f WHERE f.tenant = e.tenant AND f.event = e.id))`;
}
