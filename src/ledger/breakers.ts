import type { Database } from './database';

/** Whose failures are counted together. */
export interface BreakerId {
  vendor: string;
  model: string;
  /** Name of the credential that the vendor is called with. */
  credential: string;
}

/** When a breaker opens, and for how long; where agents differ, the stricter of each holds. */
export interface BreakerPolicy {
  failures: number;
  cooldownMs: number;
}

/**
 * What the end of a request says of its vendor. `spent`: a call has failed for good. `probe_…`: of
 * the one request that an open breaker let through. Null: nothing, as a failure that is tried again.
 */
export type Evidence = 'answered' | 'spent' | 'probe_answered' | 'probe_failed' | null;

/** Places of parameters. */
interface Places {
  credential: string;
  evidence: string;
  failures: string;
  cooldownMs: string;
  fault: string;
  retryAfterMs: string;
}

/**
 * CTE `judged` of the statement that ends a request: counts what it says of its vendor, and keeps
 * what the vendor asked for. `source` is a CTE with the call's `vendor` and `model`, empty where
 * nothing is to be counted. An answer leaves a clean breaker unwritten, and doesn't close an open one
 * unless it was the probe's: the others went out before it opened.
 */
export function judging(source: string, places: Places): string {
  const evidence = `${places.evidence}::text`;
  const credential = `${places.credential}::text`;
  const isSpent = `${evidence} = 'spent'`;
  const afterMs = `${places.retryAfterMs}::float8`;
  const closes = `(${evidence} = 'probe_answered' OR (${evidence} = 'answered' AND b.open_since IS NULL))`;
  return `judged AS (
    INSERT INTO breakers AS b (vendor, model, credential, failures, failures_max, cooldown_ms,
      open_since, last_fault, not_before)
    SELECT s.vendor, s.model, ${credential}, f.failures,
      CASE WHEN ${isSpent} THEN f.failures_max END, CASE WHEN ${isSpent} THEN f.cooldown_ms END,
      CASE WHEN f.failures >= f.failures_max THEN now() END, ${places.fault}::text,
      now() + ${afterMs} * interval '1 millisecond'
    FROM ${source} s, (SELECT CASE WHEN ${isSpent} THEN 1 ELSE 0 END AS failures,
      ${places.failures}::int AS failures_max, ${places.cooldownMs}::bigint AS cooldown_ms) AS f
    WHERE ${evidence} IN ('spent', 'probe_failed') OR ${afterMs} IS NOT NULL
      OR (${evidence} IN ('answered', 'probe_answered') AND EXISTS (SELECT FROM breakers b
        WHERE b.vendor = s.vendor AND b.model = s.model AND b.credential = ${credential}
          AND (b.failures > 0 OR b.open_since IS NOT NULL) AND ${closes}))
    ON CONFLICT (vendor, model, credential) DO UPDATE SET
      failures = CASE WHEN ${closes} THEN 0 ELSE b.failures + excluded.failures END,
      failures_max = CASE WHEN NOT ${closes} THEN least(b.failures_max, excluded.failures_max) END,
      cooldown_ms = CASE WHEN NOT ${closes} THEN greatest(b.cooldown_ms, excluded.cooldown_ms) END,
      open_since = CASE
        WHEN ${closes} THEN NULL
        WHEN b.open_since IS NULL AND ${isSpent}
          AND b.failures + 1 >= least(b.failures_max, excluded.failures_max) THEN now()
        WHEN b.open_since IS NOT NULL AND ${evidence} = 'probe_failed' THEN now()
        ELSE b.open_since END,
      probing = b.probing AND NOT ${closes} AND ${evidence} <> 'probe_failed',
      last_fault = coalesce(excluded.last_fault, b.last_fault),
      not_before = greatest(b.not_before, excluded.not_before)
    RETURNING coalesce(open_since = now(), false) AS opened)`;
}

/** A breaker as it stands; times by the database's clock. */
export interface BreakerRow extends BreakerId {
  failures: number;
  /** Null while it is closed. When the next probe goes out. */
  probe_at: Date | null;
  probing: boolean;
  last_fault: string | null;
  /** What the vendor asked for, where that is still to come. */
  not_before: Date | null;
}

/** The breakers with which something is the matter; one that is not in the list is closed. */
export async function readBreakers(database: Database): Promise<BreakerRow[]> {
  const { rows } = await database.query<BreakerRow>(
    `SELECT vendor, model, credential, failures, probing, last_fault,
       open_since + cooldown_ms * interval '1 millisecond' AS probe_at,
       CASE WHEN not_before > now() THEN not_before END AS not_before
     FROM breakers WHERE failures > 0 OR open_since IS NOT NULL OR not_before > now()
     ORDER BY vendor, model, credential`,
  );
  return rows;
}
