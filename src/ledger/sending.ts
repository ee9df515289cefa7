import type { WaitCause } from '../contract/gateway';
import type { CallFact } from '../contract/journal';
import { limits } from '../contract/limits';
import type { BreakerPolicy } from './breakers';
import { budgetColumns } from './budgets';
import {
  callColumns,
  callIs,
  callParameters,
  lease,
  toldOfMoved,
  type CallRow,
  type OwnedCall,
} from './calls';
import type { Database } from './database';
import { ensureRate, type Rate } from './rates';

/** What a call must pass before it may go out, beside its budgets. */
export interface Gates {
  credential: string;
  rate: Rate;
  breaker: BreakerPolicy;
}

export type Sending =
  { type: 'sent'; row: CallRow } | { type: 'blocked'; cause: WaitCause; ms: number } | { type: 'lost' };

interface Verdict {
  seated: boolean;
  cause: WaitCause | null;
  wait_ms: number | null;
}

// Locks are taken in the order call, breaker, rate, run, and those of breakers only where something is
// the matter with one. `moment` is read once they are held: a statement that had to wait for a lock
// must not judge by the time at which it came.
const send = `
  WITH mine AS MATERIALIZED (
    SELECT c.vendor, c.model FROM calls c
    WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state = 'reserved' FOR UPDATE),
  trouble AS MATERIALIZED (
    SELECT b.failures, b.open_since, b.probing, b.not_before, least(b.failures_max, $12::int) AS failures_max,
      greatest(b.cooldown_ms, $13::bigint) AS cooldown_ms,
      greatest(b.cooldown_ms, $13::bigint) * interval '1 millisecond' AS cooldown
    FROM breakers b, mine m
    WHERE b.vendor = m.vendor AND b.model = m.model AND b.credential = $9
      AND (b.failures > 0 OR b.open_since IS NOT NULL OR b.not_before > now()) FOR UPDATE OF b),
  seat AS MATERIALIZED (
    SELECT r.seconds, r.requests FROM rates r, mine, (SELECT count(*) FROM trouble) AS before
    WHERE r.tenant = $1 AND r.key = $10 FOR UPDATE OF r),
  moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, floor(extract(epoch FROM clock_timestamp()))::bigint AS second, s.n AS seats
    FROM mine, (SELECT count(*) AS n FROM seat) AS s),
  breaker AS MATERIALIZED (
    SELECT t.*, t.open_since IS NOT NULL OR t.failures >= t.failures_max AS is_open,
      coalesce(t.open_since, m.at) + t.cooldown AS probe_at
    FROM trouble t, moment m),
  minute AS MATERIALIZED (
    SELECT u.second, u.requests, sum(u.requests) OVER (ORDER BY u.second DESC) AS since
    FROM seat s, moment m, unnest(s.seconds, s.requests) AS u (second, requests)
    WHERE u.second >= m.second - 60),
  full_until AS MATERIALIZED (
    SELECT to_timestamp(max(second) + 61) AS at FROM minute WHERE since >= $11::int),
  verdict AS MATERIALIZED (
    SELECT m.at, m.second, m.seats = 1 AS seated, b.is_open, v.cause, ceil(extract(epoch FROM v.until - m.at) * 1000)::float8 AS wait_ms
    FROM moment m CROSS JOIN full_until f LEFT JOIN breaker b ON true
    LEFT JOIN LATERAL (
      SELECT * FROM (VALUES
        (1, 'vendor', b.not_before),
        (2, 'breaker', CASE WHEN b.is_open AND b.probe_at > m.at AND b.probing
          THEN least(b.probe_at, m.at + least(greatest(b.cooldown / 6, $14::float8 * interval '1 millisecond'),
            $15::float8 * interval '1 millisecond'))
          WHEN b.is_open THEN b.probe_at END),
        (3, 'rate', f.at)) AS w (place, cause, until)
      WHERE w.until > m.at ORDER BY w.place LIMIT 1) AS v ON true),
  watched AS (
    UPDATE breakers b SET failures_max = t.failures_max, cooldown_ms = t.cooldown_ms,
      open_since = CASE
        WHEN v.is_open AND v.cause IS NULL THEN v.at
        WHEN v.is_open THEN coalesce(b.open_since, v.at) END,
      probing = b.probing OR (v.is_open AND v.cause IS NULL)
    FROM mine m, breaker t, verdict v
    WHERE b.vendor = m.vendor AND b.model = m.model AND b.credential = $9 AND v.seated
      AND (t.failures > 0 OR t.open_since IS NOT NULL)),
  taken AS (
    UPDATE rates r SET used_at = v.at, seconds = n.seconds, requests = n.requests
    FROM verdict v, (
      SELECT array_agg(second ORDER BY second) AS seconds, array_agg(requests ORDER BY second) AS requests
      FROM (SELECT second, sum(requests)::int AS requests
        FROM (SELECT second, requests FROM minute UNION ALL SELECT second, 1 FROM moment) AS one
        GROUP BY second) AS each) AS n
    WHERE r.tenant = $1 AND r.key = $10 AND v.seated AND v.cause IS NULL),
  moved AS (
    UPDATE calls AS c SET state = 'sent', attempts = c.attempts + 1, sent_at = now(), lease_until = ${lease},
      probe = coalesce(v.is_open, false)
    FROM verdict v WHERE ${callIs} AND v.seated AND v.cause IS NULL
    RETURNING ${callColumns}),
  ${toldOfMoved('$7', '$8')}
  SELECT v.seated, v.cause, v.wait_ms, m.* FROM verdict v LEFT JOIN moved m ON true`;

/**
 * Notes, before the first byte leaves, that the request goes out, with its event; or says what keeps
 * it: what its vendor asked for, an open breaker, or its agent's rate, in this order. Of an open
 * breaker whose cooldown is over one call becomes the probe, and begins another cooldown: so there is
 * one probe a cooldown over all gateways, and one whose gateway dies blocks nothing for longer.
 */
export async function sendCall(
  database: Database,
  call: OwnedCall,
  { gates, started }: { gates: Gates; started: CallFact & { type: 'call.started' } },
): Promise<Sending> {
  const { credential, rate, breaker } = gates;
  const { rows } = await database.query<CallRow & Verdict>(send, [
    ...callParameters(call),
    ...[call.owner, call.fence, started.type, Buffer.from(JSON.stringify(started.data), 'utf8')],
    ...[credential, rate.key, rate.perMinute, breaker.failures, breaker.cooldownMs],
    ...[limits.probeLookMillisecondsMin, limits.probeLookMillisecondsMax],
  ]);
  const [verdict] = rows;
  if (verdict === undefined) return { type: 'lost' };
  if (!verdict.seated) {
    await ensureRate(database, call.tenant, rate.key);
    return sendCall(database, call, { gates, started });
  }
  const { cause, wait_ms: ms } = verdict;
  return cause === null
    ? { type: 'sent', row: verdict }
    : { type: 'blocked', cause, ms: Math.max(1, ms ?? 1) };
}

/** How a call stands that was reserved and may not go out: still held, or to be asked again after `ms`. */
export interface Pause {
  state: 'registered' | 'waiting';
  cause: WaitCause;
  reason: string;
  ms: number;
}

/** Gives back what is reserved for a call that was kept from going out. Null where it isn't this gateway's any more. */
export async function standBack(database: Database, call: OwnedCall, pause: Pause): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `WITH mine AS MATERIALIZED (
       SELECT c.budgets, c.need_nano, c.need_tokens FROM calls c
       WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state = 'reserved' FOR UPDATE),
     held AS MATERIALIZED (
       SELECT ${budgetColumns}, m.need_nano, m.need_tokens FROM budgets b, mine m
       WHERE b.tenant = $1 AND b.run = $2 AND b.id = ANY (m.budgets) ORDER BY b.id FOR UPDATE OF b),
     freed AS (
       UPDATE budgets b SET reserved_nano = h.reserved_nano - h.need_nano,
         reserved_tokens = h.reserved_tokens - h.need_tokens, reserved_calls = h.reserved_calls - 1
       FROM held h WHERE b.tenant = $1 AND b.run = $2 AND b.id = h.id)
     UPDATE calls AS c SET state = p.state, need_nano = 0, need_tokens = 0, cap_lowered = NULL,
       owner = CASE WHEN p.state = 'registered' THEN c.owner END,
       lease_until = CASE WHEN p.state = 'registered' THEN c.lease_until END,
       wait_cause = CASE WHEN p.state = 'waiting' THEN $8 END,
       fault_message = CASE WHEN p.state = 'waiting' THEN $9 END,
       retry_at = CASE WHEN p.state = 'waiting' THEN now() + $10::float8 * interval '1 millisecond' END
     FROM mine, (SELECT $7::text AS state) AS p WHERE ${callIs}
     RETURNING ${callColumns}`,
    [...callParameters(call), call.owner, call.fence, pause.state, pause.cause, pause.reason, pause.ms],
  );
  return rows[0] ?? null;
}
