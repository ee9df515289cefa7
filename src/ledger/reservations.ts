import { limits } from '../contract/limits';
import { budgetColumns, type Budget } from './budgets';
import { callIs, callParameters, type CallRow, callColumns, type OwnedCall } from './calls';
import type { Database } from './database';

/** The worst case of one request to a vendor. */
export interface Need {
  nano: number;
  tokens: number;
  /** Output cap that it was reckoned with. */
  cap: number;
  /** The same where it was lowered to fit, else null. */
  capLowered: number | null;
  priceVersion: string | null;
}

export type Reservation =
  | { type: 'reserved' }
  /** The run is being cancelled; the call is closed as `cancelled`. */
  | { type: 'cancelled' }
  /** Another has the call now, or it has ended. */
  | { type: 'lost' }
  /** Nothing was taken. The figures are those that were judged by. */
  | { type: 'short'; budgets: Budget[] };

interface Verdict {
  mine: boolean;
  stopped: boolean;
  fits: boolean;
  asked: number;
  held: Budget[];
}

// The call's row is locked first and then its budgets in the order of their ids, here and in every
// other statement, so that two calls never wait for each other. What a lock had to wait for is read
// anew by the lock itself, so `held` has the newest figures, whatever the statement's snapshot has:
// sums are made from it and not from the rows that the update finds.
const reserve = `
  WITH mine AS MATERIALIZED (
    SELECT c.budgets FROM calls c
    WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state = 'registered' FOR UPDATE),
  held AS MATERIALIZED (
    SELECT ${budgetColumns} FROM budgets b, mine
    WHERE b.tenant = $1 AND b.run = $2 AND b.id = ANY (mine.budgets) ORDER BY b.id FOR UPDATE OF b),
  verdict AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM mine) AS mine,
      EXISTS (SELECT FROM runs r WHERE r.tenant = $1 AND r.id = $2 AND r.cancel_requested) AS stopped,
      coalesce((SELECT cardinality(budgets) FROM mine), 0) AS asked,
      (SELECT count(*) FROM held) = (SELECT cardinality(budgets) FROM mine) AND NOT EXISTS (
        SELECT FROM held h
        WHERE h.used_nano + h.reserved_nano + $7::bigint > h.limit_nano
          OR h.used_tokens + h.reserved_tokens + $8::bigint > h.limit_tokens
          OR h.used_calls + h.reserved_calls + 1 > h.limit_calls) AS fits),
  taken AS (
    UPDATE budgets b SET reserved_nano = h.reserved_nano + $7::bigint,
      reserved_tokens = h.reserved_tokens + $8::bigint, reserved_calls = h.reserved_calls + 1
    FROM held h, verdict v
    WHERE b.tenant = $1 AND b.run = $2 AND b.id = h.id AND v.mine AND v.fits AND NOT v.stopped),
  moved AS (
    UPDATE calls c SET
      state = CASE WHEN v.stopped THEN 'cancelled' ELSE 'reserved' END,
      need_nano = CASE WHEN v.stopped THEN 0 ELSE $7::bigint END,
      need_tokens = CASE WHEN v.stopped THEN 0 ELSE $8::bigint END,
      cap_lowered = $9::int, price_version = $10,
      owner = CASE WHEN v.stopped THEN NULL ELSE c.owner END,
      lease_until = CASE WHEN v.stopped THEN NULL ELSE c.lease_until END
    FROM verdict v WHERE ${callIs} AND v.mine AND (v.stopped OR v.fits))
  SELECT v.*, coalesce((SELECT json_agg(h) FROM held h), '[]') AS held FROM verdict v`;

/** Takes the need from every budget that the call names and moves it to `reserved`, or takes nothing. */
export async function reserveCall(database: Database, call: OwnedCall, need: Need): Promise<Reservation> {
  const { rows } = await database.query<Verdict>(reserve, [
    ...callParameters(call),
    call.owner,
    call.fence,
    need.nano,
    need.tokens,
    need.capLowered,
    need.priceVersion,
  ]);
  const verdict = rows[0];
  if (verdict?.mine !== true) return { type: 'lost' };
  if (verdict.stopped) return { type: 'cancelled' };
  if (verdict.held.length !== verdict.asked)
    throw new Error(
      `Call ${call.key} names ${String(verdict.asked)} budgets of which ${String(verdict.held.length)} exist.`,
    );
  return verdict.fits ? { type: 'reserved' } : { type: 'short', budgets: verdict.held };
}

/**
 * Frees the calls of a run whose gateway is gone. Their lease must have been found expired some time
 * before: where the ledger was away, every lease has expired, and the first look after that only
 * notes so; a gateway that is alive renews. What was only reserved goes back to its budgets.
 * What was sent may have been answered and paid for: it becomes `ambiguous`, its money and tokens
 * stay reserved, and it counts as a request made.
 */
export async function reclaimLost(database: Database, tenant: string, run: string): Promise<CallRow[]> {
  const { rows } = await database.query<CallRow>(
    `WITH lapsed AS MATERIALIZED (
       SELECT c.key, c.hash, c.state, c.budgets, c.need_nano, c.need_tokens, c.lapsed_at FROM calls c
       WHERE c.tenant = $1 AND c.run = $2 AND c.state IN ('reserved', 'sent') AND c.lease_until < now()
       ORDER BY c.key, c.hash FOR UPDATE),
     gone AS MATERIALIZED (
       SELECT * FROM lapsed WHERE lapsed_at < now() - interval '${String(limits.leaseGraceSeconds)} seconds'),
     noted AS (
       UPDATE calls c SET lapsed_at = now() FROM lapsed l
       WHERE c.tenant = $1 AND c.run = $2 AND c.key = l.key AND c.hash = l.hash AND l.lapsed_at IS NULL),
     parts AS MATERIALIZED (
       SELECT u.id, count(*) AS calls, count(*) FILTER (WHERE g.state = 'sent') AS sent,
         coalesce(sum(g.need_nano) FILTER (WHERE g.state = 'reserved'), 0)::bigint AS nano,
         coalesce(sum(g.need_tokens) FILTER (WHERE g.state = 'reserved'), 0)::bigint AS tokens
       FROM gone g, unnest(g.budgets) AS u (id) GROUP BY u.id),
     held AS MATERIALIZED (
       SELECT ${budgetColumns}, p.calls, p.sent, p.nano, p.tokens FROM budgets b JOIN parts p ON p.id = b.id
       WHERE b.tenant = $1 AND b.run = $2 ORDER BY b.id FOR UPDATE OF b),
     freed AS (
       UPDATE budgets b SET reserved_nano = h.reserved_nano - h.nano,
         reserved_tokens = h.reserved_tokens - h.tokens,
         reserved_calls = h.reserved_calls - h.calls, used_calls = h.used_calls + h.sent
       FROM held h WHERE b.tenant = $1 AND b.run = $2 AND b.id = h.id)
     UPDATE calls c SET state = 'registered', owner = NULL, lease_until = NULL, fence = c.fence + 1,
       ambiguous = c.ambiguous + CASE WHEN g.state = 'sent' THEN 1 ELSE 0 END,
       ambiguous_nano = c.ambiguous_nano + CASE WHEN g.state = 'sent' THEN g.need_nano ELSE 0 END,
       attempts_json = CASE WHEN g.state = 'reserved' THEN c.attempts_json
         ELSE rtrim(c.attempts_json, ']') || CASE WHEN c.attempts_json = '[]' THEN '' ELSE ',' END
           || json_build_object('at', to_char(c.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             'ms', NULL, 'error', 'gateway_lost', 'requestId', NULL)::text || ']' END,
       need_nano = 0, need_tokens = 0, lapsed_at = NULL
     FROM gone g WHERE c.tenant = $1 AND c.run = $2 AND c.key = g.key AND c.hash = g.hash
     RETURNING ${callColumns}`,
    [tenant, run],
  );
  return rows;
}
