import type { CallFact } from '../contract/journal';
import { callColumns, callIs, callParameters, toldOfMoved, type CallRow, type OwnedCall } from './calls';
import type { Database } from './database';

/** An answer that may be given again. */
export interface StoredAnswer {
  /** Of the whole text as a JSON string, in contents. */
  hash: string;
  /** As the vendor named it. */
  model: string;
  /** When the vendor gave it. */
  madeAt: Date;
}

/** What identical calls of a tenant are known by. */
export interface AnswerName {
  tenant: string;
  key: string;
  simulated: boolean;
}

/** The stored answer to a call that asked the same, where it is no older than that. */
export async function findAnswer(
  database: Database,
  { tenant, key, simulated }: AnswerName,
  ageMs: number,
): Promise<StoredAnswer | null> {
  const { rows } = await database.query<StoredAnswer>(
    `SELECT a.answer_hash AS hash, a.model, a.made_at AS "madeAt"
     FROM answers a JOIN contents c ON c.tenant = a.tenant AND c.hash = a.answer_hash
     WHERE a.tenant = $1 AND a.key = $2 AND a.simulated = $3
       AND a.made_at > now() - $4::float8 * interval '1 millisecond'`,
    [tenant, key, simulated, ageMs],
  );
  return rows[0] ?? null;
}

/**
 * Ends a call that was never sent with a stored answer, in one statement with its event: nothing is
 * reserved and nothing charged. Null where the call is no longer this gateway's.
 */
export async function endWithAnswer(
  database: Database,
  call: OwnedCall,
  { answer, event }: { answer: StoredAnswer; event: CallFact & { type: 'call.finished' } },
): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `WITH moved AS MATERIALIZED (
       UPDATE calls AS c SET state = 'done', cache = 'tenant', answer_hash = $7, vendor_model = $8,
         stop = 'end', owner = NULL, lease_until = NULL, done_at = now()
       WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state = 'registered' AND c.attempts = 0
       RETURNING ${callColumns}),
     reference AS (
       INSERT INTO content_references (tenant, run, hash) SELECT $1, $2, $7 FROM moved ON CONFLICT DO NOTHING),
     ${toldOfMoved('$9', '$10')}
     SELECT * FROM moved`,
    [
      ...callParameters(call),
      ...[call.owner, call.fence, answer.hash, answer.model],
      ...[event.type, Buffer.from(JSON.stringify(event.data), 'utf8')],
    ],
  );
  return rows[0] ?? null;
}

interface Kept {
  tenant: string;
  run: string;
  /** Of the call that was answered; with the hash of what the vendor said in it. */
  call: { key: string; answer: string };
  /** What identical calls are known by. */
  key: string;
  /** The whole answer, of which that call may have given the end only. */
  hash: string;
  ms: number;
}

/**
 * Keeps an answer for so long, counted from when the vendor gave it, however much later this is said:
 * a newer one stays. What was itself a stored answer is not kept again, or it would never grow old.
 */
export async function keepAnswer(database: Database, { tenant, run, call, ...kept }: Kept): Promise<void> {
  await database.query(
    `INSERT INTO answers AS a (tenant, key, simulated, answer_hash, model, made_at, expires_at)
     SELECT $1, $5, c.simulated, $6, coalesce(c.vendor_model, c.model), c.done_at,
       c.done_at + $7::float8 * interval '1 millisecond'
     FROM calls c
     WHERE c.tenant = $1 AND c.run = $2 AND c.key = $3 AND c.answer_hash = $4
       AND c.state = 'done' AND c.cache = 'none'
     ORDER BY c.done_at LIMIT 1
     ON CONFLICT (tenant, key, simulated) DO UPDATE SET answer_hash = excluded.answer_hash,
       model = excluded.model, made_at = excluded.made_at,
       expires_at = greatest(a.expires_at, excluded.expires_at)
     WHERE excluded.made_at > a.made_at`,
    [tenant, run, call.key, call.answer, kept.key, kept.hash, kept.ms],
  );
}

/** Removes answers that nobody is to be given any more. */
export async function forgetAnswers(database: Database): Promise<void> {
  await database.query('DELETE FROM answers WHERE expires_at < now()');
}
