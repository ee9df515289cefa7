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

/**
 * Two more where the workflow could not say what it leaves: events that wait for their turn at a step
 * which takes one after another are delivered once more, to whoever waits for them now.
 */
export function queuedEventsParts({ tenant, run }: { tenant: string; run: string }, closed: string): string {
  return `released AS (
    DELETE FROM event_effects f USING event_subscriptions s, ${closed}
    WHERE f.tenant = ${tenant} AND f.run = ${run} AND f.batch IS NULL
      AND s.tenant = f.tenant AND s.run = f.run AND s.path = f.path AND s.reacts
    RETURNING f.event),
  redelivered AS (
    UPDATE received_events e SET status = 'pending', tried_at = '-infinity' FROM released
    WHERE e.tenant = ${tenant} AND e.id = released.event AND e.status = 'delivered')`;
}
