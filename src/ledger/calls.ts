import type { WaitCause } from '../contract/gateway';
import { limits } from '../contract/limits';
import { storingContent } from './contents';
import type { Database } from './database';
import { openCalls } from './statement-parts';

/** What makes a row of `calls` one: the key, and the hash of the request before any cap was lowered. */
export interface CallId {
  tenant: string;
  run: string;
  key: string;
  hash: string;
}

/** A call in the hands of one gateway. No statement changes a row under another fence. */
export interface OwnedCall extends CallId {
  owner: string;
  fence: number;
}

export type CallRowState =
  'registered' | 'reserved' | 'sent' | 'done' | 'failed' | 'waiting' | 'over_budget' | 'cancelled';

/** A row of `calls` with what has to be judged by the database's clock. */
export interface CallRow extends CallId {
  path: string;
  agent: string;
  model: string;
  state: CallRowState;
  cap_lowered: number | null;
  attempts: number;
  attempts_json: string;
  ambiguous: number;
  waits: number;
  wait_cause: WaitCause | null;
  probe: boolean;
  fault: string | null;
  fault_message: string | null;
  answer_hash: string | null;
  vendor_model: string | null;
  vendor_stop: string | null;
  stop: string | null;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  cost_nano: number;
  simulated: boolean;
  owner: string | null;
  fence: number;
  /** Time left until a failed or waiting call may be tried again; null where it may not. */
  retry_in_ms: number | null;
  lease_expired: boolean;
}

/** Columns of a `CallRow`, of `calls` under the alias `c`. */
export const callColumns = `c.tenant, c.run, c.key, c.hash, c.path, c.agent, c.model, c.state,
  c.cap_lowered, c.attempts, c.attempts_json, c.ambiguous, c.waits, c.wait_cause, c.probe, c.fault,
  c.fault_message, c.answer_hash, c.vendor_model, c.vendor_stop, c.stop, c.input_tokens,
  c.output_tokens, c.cached_tokens, c.cost_nano, c.simulated, c.owner, c.fence,
  (extract(epoch FROM c.retry_at - now()) * 1000)::float8 AS retry_in_ms,
  coalesce(c.lease_until < now(), true) AS lease_expired`;

export const callIs = 'c.tenant = $1 AND c.run = $2 AND c.key = $3 AND c.hash = $4';
/** Tells of a call that the same statement has `moved`; type and data of the event are the parameters named. */
export const toldOfMoved = (type: string, data: string) => `numbered AS (
    UPDATE runs r SET last_seq = r.last_seq + 1 FROM moved
    WHERE r.tenant = $1 AND r.id = $2 AND r.finished_at IS NULL RETURNING r.last_seq),
  told AS (
    INSERT INTO run_events (tenant, run, seq, type, at, step, data)
    SELECT $1, $2, n.last_seq, ${type}, now(), m.path, ${data}::bytea FROM numbered n, moved m)`;
export const lease = `now() + interval '${String(limits.leaseSeconds)} seconds'`;

export function callParameters({ tenant, run, key, hash }: CallId): string[] {
  return [tenant, run, key, hash];
}

export interface NewCall {
  id: CallId;
  owner: string;
  temporalRun: string;
  path: string;
  agent: string;
  /** Which entry of the agent's `select` chose the model, from 1. */
  selected: number | null;
  model: string;
  vendor: string;
  budgets: string[];
  request: { hash: string; body: Buffer };
  cap: number;
  simulated: boolean;
}

/**
 * Makes the row, owned and `registered`, or finds the one that is there. Null where the key was
 * used within the same Temporal run for another request. A new row beside one of an earlier
 * Temporal run is marked `after_reset`.
 */
export async function registerCall(database: Database, call: NewCall): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `WITH rival AS (
       SELECT temporal_run FROM calls WHERE tenant = $1 AND run = $2 AND key = $3 AND hash <> $4),
     fresh AS (
       INSERT INTO calls AS c (tenant, run, key, hash, temporal_run, path, agent, model, vendor,
         budgets, state, request_hash, cap, simulated, after_reset, owner, fence, lease_until, selected)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], 'registered', $11, $12::int,
         $13::boolean, EXISTS (SELECT FROM rival), $14, 1, ${lease},
         $16::int
       WHERE NOT EXISTS (SELECT FROM rival WHERE temporal_run = $5)
       ON CONFLICT (tenant, run, key, hash) DO NOTHING
       RETURNING ${callColumns}),
     ${storingContent('fresh', { tenant: '$1', run: '$2', hash: '$11', body: '$15' })}
     SELECT * FROM fresh
     UNION ALL SELECT ${callColumns} FROM calls c WHERE ${callIs}`,
    [
      ...callParameters(call.id),
      call.temporalRun,
      call.path,
      call.agent,
      call.model,
      call.vendor,
      call.budgets,
      call.request.hash,
      call.cap,
      call.simulated,
      call.owner,
      call.request.body,
      call.selected,
    ],
  );
  // Empty where it was refused, but also where another gateway made the row in the same instant.
  return rows[0] ?? readCall(database, call.id);
}

export async function readCall(database: Database, id: CallId): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `SELECT ${callColumns} FROM calls c WHERE ${callIs}`,
    callParameters(id),
  );
  return rows[0] ?? null;
}

/**
 * Takes a call that nobody works on: one whose time has come, one that did not fit or was cancelled
 * and is asked again, or one that its gateway left before anything was reserved. Null where it
 * can't be had.
 */
export async function claimCall(database: Database, id: CallId, owner: string): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `UPDATE calls AS c SET state = 'registered', owner = $5, fence = c.fence + 1, lease_until = ${lease},
       retry_at = NULL, wait_cause = NULL, fault = NULL, fault_message = NULL, abandoned = false,
       lapsed_at = NULL
     WHERE ${callIs} AND (c.state IN ('over_budget', 'cancelled')
       OR (c.state IN ('failed', 'waiting') AND c.retry_at <= now())
       OR (c.state = 'registered' AND (c.owner IS NULL OR c.owner = $5 OR c.lease_until < now())))
     RETURNING ${callColumns}`,
    [...callParameters(id), owner],
  );
  return rows[0] ?? null;
}

/**
 * Renews the lease of all calls given, in one statement. Answers those that are still held, and which
 * of them nobody wants any more: abandoned, or of a run that is being cancelled or is over.
 */
export async function renewLeases(
  database: Database,
  owner: string,
  calls: readonly OwnedCall[],
): Promise<(CallId & { abandoned: boolean })[]> {
  const { rows } = await database.query<CallId & { abandoned: boolean }>(
    `UPDATE calls c SET lease_until = ${lease}, lapsed_at = NULL
     FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
       AS f (tenant, run, key, hash, fence)
     WHERE c.tenant = f.tenant AND c.run = f.run AND c.key = f.key AND c.hash = f.hash
       AND c.fence = f.fence AND c.owner = $1 AND c.state IN ('registered', 'reserved', 'sent')
     RETURNING c.tenant, c.run, c.key, c.hash, c.abandoned OR EXISTS (
       SELECT FROM runs r WHERE r.tenant = c.tenant AND r.id = c.run
         AND (r.cancel_requested OR r.finished_at IS NOT NULL)) AS abandoned`,
    [
      owner,
      calls.map((call) => call.tenant),
      calls.map((call) => call.run),
      calls.map((call) => call.key),
      calls.map((call) => call.hash),
      calls.map((call) => call.fence),
    ],
  );
  return rows;
}

/** Says of all that stands open under a key that nobody waits for it any more. */
export async function abandonCall(
  database: Database,
  { tenant, run, key }: Omit<CallId, 'hash'>,
): Promise<void> {
  await database.query(
    `UPDATE calls SET abandoned = true WHERE tenant = $1 AND run = $2 AND key = $3
     AND state IN ('registered', 'reserved', 'sent')`,
    [tenant, run, key],
  );
}

/**
 * Ends a call that was never sent in this attempt and has nothing reserved, or gives it back
 * (`registered`, without an owner). `fault` and `message` say what it was refused for.
 */
export async function closeUnsent(
  database: Database,
  call: OwnedCall,
  end: { state: 'over_budget' | 'cancelled' | 'registered'; fault: string | null; message: string | null },
): Promise<CallRow | null> {
  const { rows } = await database.query<CallRow>(
    `UPDATE calls AS c SET state = $7, fault = $8, fault_message = $9, owner = NULL, lease_until = NULL
     WHERE ${callIs} AND c.owner = $5 AND c.fence = $6 AND c.state = 'registered'
     RETURNING ${callColumns}`,
    [...callParameters(call), call.owner, call.fence, end.state, end.fault, end.message],
  );
  return rows[0] ?? null;
}

/** Whether any call of a run is still registered, reserved or at its vendor. */
export async function hasOpenCalls(database: Database, tenant: string, run: string): Promise<boolean> {
  const { rows } = await database.query<{ open: boolean }>(
    `SELECT EXISTS (${openCalls({ tenant: '$1', run: '$2' })}) AS open`,
    [tenant, run],
  );
  return rows[0]?.open === true;
}
