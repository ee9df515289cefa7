import type { WaitCause } from '../contract/gateway';
import type { CallFact } from '../contract/journal';
import { judging, type BreakerPolicy, type Evidence } from './breakers';
import { budgetColumns } from './budgets';
import { callColumns, callIs, callParameters, type CallRow, type OwnedCall } from './calls';
import { noteStored, storingContent } from './contents';
import type { Database } from './database';

/** How an attempt ended, with what it cost whichever way that was. */
export interface Settlement {
  state: 'done' | 'failed' | 'waiting' | 'cancelled';
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  costNano: number;
  attemptsJson: string;
  fault: string | null;
  faultMessage: string | null;
  /** From now until the next attempt may be made; null where there is none. */
  retryInMs: number | null;
  /** In state `waiting`. Such an attempt spends no retry. */
  waitCause: WaitCause | null;
  answer: { hash: string; body: Buffer; model: string; stop: string; vendorStop: string } | null;
  event: CallFact | null;
  /** Null where nothing was sent. */
  vendor: VendorVerdict | null;
}

/** What a request says of its vendor, and what the vendor asked for. */
export interface VendorVerdict {
  evidence: Evidence;
  credential: string;
  policy: BreakerPolicy;
  retryAfterMs: number | null;
}

// `low` takes the first measure of a budget that has passed 80 % of its limit; a budget says so once.
const settle = `
  WITH mine AS MATERIALIZED (
    SELECT c.path, c.vendor, c.model, c.budgets, c.need_nano, c.need_tokens, CASE WHEN c.state = 'sent' THEN 1 ELSE 0 END AS sent
    FROM calls c
    WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state IN ('reserved', 'sent') FOR UPDATE),
  held AS MATERIALIZED (
    SELECT ${budgetColumns}, b.low_told, m.need_nano, m.need_tokens, m.sent FROM budgets b, mine m
    WHERE b.tenant = $1 AND b.run = $2 AND b.id = ANY (m.budgets) ORDER BY b.id FOR UPDATE OF b),
  after AS MATERIALIZED (
    SELECT h.id, h.low_told, h.limit_nano, h.limit_tokens, h.limit_calls,
      h.used_nano + $8::bigint AS used_nano, h.reserved_nano - h.need_nano AS reserved_nano,
      h.used_tokens + $9::bigint + $10::bigint + $11::bigint AS used_tokens,
      h.reserved_tokens - h.need_tokens AS reserved_tokens,
      h.used_calls + h.sent AS used_calls, h.reserved_calls - 1 AS reserved_calls
    FROM held h),
  low AS MATERIALIZED (
    SELECT a.id, measure, used, bound, row_number() OVER (ORDER BY a.id) AS n
    FROM after a CROSS JOIN LATERAL (
      SELECT * FROM (VALUES
        (1, 'costUsd', round(a.used_nano / 1e9, 9), round(a.limit_nano / 1e9, 9)),
        (2, 'tokens', a.used_tokens, a.limit_tokens),
        (3, 'modelCalls', a.used_calls, a.limit_calls)) AS v (place, measure, used, bound)
      WHERE v.used * 5 >= v.bound * 4 ORDER BY v.place LIMIT 1) AS first
    WHERE NOT a.low_told),
  settled AS (
    UPDATE budgets b SET used_nano = a.used_nano, reserved_nano = a.reserved_nano,
      used_tokens = a.used_tokens, reserved_tokens = a.reserved_tokens,
      used_calls = a.used_calls, reserved_calls = a.reserved_calls,
      low_told = a.low_told OR l.id IS NOT NULL
    FROM after a LEFT JOIN low l ON l.id = a.id
    WHERE b.tenant = $1 AND b.run = $2 AND b.id = a.id),
  moved AS (
    UPDATE calls AS c SET state = $7, need_nano = 0, need_tokens = 0,
      cost_nano = c.cost_nano + $8::bigint, input_tokens = c.input_tokens + $9::bigint,
      output_tokens = c.output_tokens + $10::bigint, cached_tokens = c.cached_tokens + $11::bigint,
      attempts_json = $12, fault = $13, fault_message = $14,
      retry_at = now() + $15::float8 * interval '1 millisecond', wait_cause = $16,
      waits = c.waits + CASE WHEN $16::text IS NULL THEN 0 ELSE 1 END,
      answer_hash = $17, vendor_model = $19, stop = $20, vendor_stop = $21,
      owner = NULL, lease_until = NULL, done_at = now()
    FROM mine WHERE ${callIs} RETURNING ${callColumns}),
  ${judging('mine', {
    ...{ credential: '$24', evidence: '$25', failures: '$26', cooldownMs: '$27' },
    ...{ fault: '$13', retryAfterMs: '$28' },
  })},
  ${storingContent('mine', { tenant: '$1', run: '$2', hash: '$17', body: '$18' })},
  facts AS MATERIALIZED (
    SELECT 0 AS n, $22::text AS type, $23::bytea AS data FROM mine WHERE $22::text IS NOT NULL
    UNION ALL SELECT l.n, 'budget.low', convert_to(json_build_object(
      'budget', l.id, 'measure', l.measure, 'used', l.used, 'limit', l.bound)::text, 'UTF8') FROM low l),
  counted AS MATERIALIZED (
    SELECT (SELECT count(*) FROM facts) AS n, (SELECT bool_or(opened) FROM judged) AS opened),
  numbered AS (
    UPDATE runs r SET last_seq = r.last_seq + c.n FROM counted c
    WHERE c.n > 0 AND r.tenant = $1 AND r.id = $2 AND r.finished_at IS NULL
    RETURNING r.last_seq - c.n AS before),
  told AS (
    INSERT INTO run_events (tenant, run, seq, type, at, step, data)
    SELECT $1, $2, n.before + row_number() OVER (ORDER BY f.n), f.type, now(), m.path, f.data
    FROM numbered n, facts f, mine m)
  SELECT m.*, coalesce(c.opened, false) AS opened FROM moved m, counted c`;

/**
 * Ends an attempt in one statement: the row, the answer's content, the budgets (what was reserved
 * is given back, what was used is charged), what it says of the vendor, and the events. Null where
 * the call is no longer this gateway's, or was settled already. `opened`: with it a breaker opened,
 * or stayed open.
 */
export async function settleCall(
  database: Database,
  call: OwnedCall,
  { answer, event, vendor, ...end }: Settlement,
): Promise<(CallRow & { opened: boolean }) | null> {
  const { rows } = await database.query<CallRow & { opened: boolean }>(settle, [
    ...callParameters(call),
    call.owner,
    call.fence,
    end.state,
    end.costNano,
    end.inputTokens,
    end.outputTokens,
    end.cachedTokens,
    end.attemptsJson,
    end.fault,
    end.faultMessage,
    end.retryInMs,
    end.waitCause,
    answer?.hash ?? null,
    answer?.body ?? null,
    answer?.model ?? null,
    answer?.stop ?? null,
    answer?.vendorStop ?? null,
    event?.type ?? null,
    event === null ? null : Buffer.from(JSON.stringify(event.data), 'utf8'),
    ...[vendor?.credential ?? null, vendor?.evidence ?? null],
    ...[vendor?.policy.failures ?? null, vendor?.policy.cooldownMs ?? null, vendor?.retryAfterMs ?? null],
  ]);
  const settled = rows[0] ?? null;
  if (settled !== null && answer !== null) noteStored(call, answer.hash, answer.body);
  return settled;
}
