import type { Incomplete, StepError } from '../contract/failures';
import type { Value } from '../contract/value';
import type { RunEnd } from '../contract/workflow';
import type { Database } from './database';
import { isAsRead, leftBehind } from './left-behind';
import { project } from './projection';
import { safe, type Place } from './statement-parts';
import { queuedEventsParts, unusedEventsPart } from './unused-events';

/** How a run ended whose workflow could not write that itself. */
export interface Ending {
  status: RunEnd;
  output: Value;
  incomplete: Incomplete[];
  error: StepError | null;
  reason: string | null;
}

interface EndedRun {
  tenant: string;
  run: string;
  /** The Temporal run that is over; null for one that never was. */
  temporalRun: string | null;
}

/**
 * Says of all calls of a run that nobody waits for them, and lets none begin: for gateways that can't
 * be told.
 */
export async function stopCalls(database: Database, { tenant, run }: EndedRun): Promise<void> {
  await database.query(
    `WITH stopped AS (
       UPDATE runs SET cancel_requested = true WHERE tenant = $1 AND id = $2 AND finished_at IS NULL)
     UPDATE calls SET abandoned = true WHERE tenant = $1 AND run = $2 AND state IN ('registered', 'reserved', 'sent')`,
    [tenant, run],
  );
}

/**
 * Ends a run whose workflow is over without having said so: open steps and approvals are cancelled,
 * events that it has kept are dead letters, those that were queued at a step are delivered once more,
 * and `run.finished` is the last event. One statement. False where it was closed already, another
 * Temporal run has it by now, or somebody was writing of it.
 */
export async function endRun(database: Database, ended: EndedRun, ending: Ending): Promise<boolean> {
  const { tenant, run, temporalRun } = ended;
  const { status, output, incomplete, error } = ending;
  const parameters: unknown[] = [
    ...[tenant, run, temporalRun, status, JSON.stringify(output), JSON.stringify(incomplete)],
    ...[error === null ? null : JSON.stringify(error), safe(ending.reason)],
  ];
  const place: Place = (value) => `$${String(parameters.push(value))}`;
  const scope = { tenant: '$1', run: '$2' };
  const stateVersion = '(SELECT state_version FROM run)';
  const left = leftBehind(scope, { told: project([]), stateVersion, place });
  const { rowCount } = await database.query(
    `WITH run AS (
       SELECT state_version, active_ms + coalesce(greatest(0, extract(epoch FROM now() - active_since)) * 1000, 0)::bigint AS ms
       FROM runs WHERE tenant = $1 AND id = $2),
     told AS (
       SELECT row_number() OVER (ORDER BY part, place) AS place, step, type, data FROM (
         ${left}
         UNION ALL
         SELECT 3, 0, null, 'run.finished',
           json_build_object('status', $4::text, 'output', $5::json, 'incomplete', $6::json, 'error', $7::json,
             'reason', $8::text, 'activeMs', run.ms)::text
         FROM run) facts),
     ended AS (
       UPDATE runs r SET status = $4, status_reason = $8, finished_at = now(), output_json = $5, incomplete_json = $6,
         error_json = $7, active_ms = run.ms, active_since = NULL, start_pending = false,
         last_seq = r.last_seq + (SELECT count(*) FROM told)
       FROM run
       WHERE r.tenant = $1 AND r.id = $2 AND r.finished_at IS NULL AND r.temporal_run IS NOT DISTINCT FROM $3::text
         AND ${isAsRead(scope)}
       RETURNING r.last_seq),
     stepped AS (
       UPDATE steps s SET status = 'cancelled', finished_at = now() FROM ended
       WHERE s.tenant = $1 AND s.run = $2 AND s.status IN ('running', 'waiting')),
     withdrawn AS (
       UPDATE approvals a SET status = 'cancelled' FROM ended
       WHERE a.tenant = $1 AND a.run = $2 AND a.status = 'pending'),
     past AS (
       UPDATE temporal_runs t SET closed_at = now() FROM ended
       WHERE t.tenant = $1 AND t.run = $2 AND t.closed_at IS NULL),
     ${unusedEventsPart(scope, 'ended')},
     ${queuedEventsParts(scope, 'ended')},
     written AS (
       INSERT INTO run_events (tenant, run, seq, type, at, step, data)
       SELECT $1, $2, ended.last_seq - (SELECT count(*) FROM told) + told.place, told.type, now(), told.step,
         convert_to(told.data, 'UTF8')
       FROM told, ended)
     SELECT FROM ended`,
    parameters,
  );
  return rowCount === 1;
}
