import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import type { Database } from './database';
import type { ScheduleRow } from './schedules';

export interface Slot {
  tenant: string;
  schedule: string;
  at: Date;
}

/** A time whose run is due. */
export interface DueSlot extends Slot, Pick<ScheduleRow, 'plan' | 'input' | 'overlap' | 'startedBy'> {
  /** Whether the run of an earlier time is still open. */
  busy: boolean;
}

export interface SettledSlot {
  at: Date;
  state: 'due' | 'started' | 'skipped' | 'refused';
  run: string | null;
  reason: string | null;
}

/** Notes that a time has come, once; of more than can be queued the rest is left out. */
export async function noteSlot(database: Database, { tenant, schedule, at }: Slot): Promise<void> {
  await database.query(
    `INSERT INTO schedule_slots (tenant, schedule, at, state, reason)
     SELECT $1, $2, $3, CASE WHEN full_up THEN 'skipped' ELSE 'due' END,
       CASE WHEN full_up THEN 'Too many earlier times wait for their runs.' END
     FROM (SELECT count(*) >= $4 AS full_up FROM schedule_slots
       WHERE tenant = $1 AND schedule = $2 AND state = 'due') waiting
     ON CONFLICT DO NOTHING`,
    [tenant, schedule, at, limits.slotsQueuedMax],
  );
}

/** The earliest due time of each schedule. */
export async function dueSlots(database: Database, limit: number): Promise<DueSlot[]> {
  const { rows } = await database.query<Omit<DueSlot, 'input'> & { inputJson: string }>(
    `SELECT DISTINCT ON (s.tenant, s.schedule) s.tenant, s.schedule, s.at, c.plan, c.overlap,
       c.input_json AS "inputJson", c.started_by AS "startedBy",
       EXISTS (SELECT FROM schedule_slots e JOIN runs r ON r.tenant = e.tenant AND r.id = e.run
         WHERE e.tenant = s.tenant AND e.schedule = s.schedule AND r.finished_at IS NULL) AS busy
     FROM schedule_slots s JOIN schedules c ON c.tenant = s.tenant AND c.id = s.schedule
     WHERE s.state = 'due' AND NOT c.removed ORDER BY s.tenant, s.schedule, s.at LIMIT $1`,
    [limit],
  );
  return rows.map(({ inputJson, ...rest }) => ({ ...rest, input: JSON.parse(inputJson) as Json }));
}

/** Says what came of a time. */
export async function settleSlot(
  database: Database,
  { tenant, schedule, at }: Slot,
  { state, run, reason }: Omit<SettledSlot, 'at'>,
): Promise<void> {
  await database.query(
    `UPDATE schedule_slots SET state = $4, run = $5, reason = $6
     WHERE tenant = $1 AND schedule = $2 AND at = $3 AND state = 'due'`,
    [tenant, schedule, at, state, run, reason],
  );
}

/** What came of the newest time of each of these schedules. */
export async function lastSlots(
  database: Database,
  tenant: string,
  schedules: string[],
): Promise<Map<string, SettledSlot>> {
  const { rows } = await database.query<SettledSlot & { schedule: string }>(
    `SELECT DISTINCT ON (schedule) schedule, at, state, run, reason FROM schedule_slots
     WHERE tenant = $1 AND schedule = ANY ($2) ORDER BY schedule, at DESC`,
    [tenant, schedules],
  );
  return new Map(rows.map(({ schedule, ...slot }) => [schedule, slot]));
}

/** Forgets times that are long over, so that they don't pile up. */
export async function forgetSlots(database: Database): Promise<void> {
  await database.query(
    `DELETE FROM schedule_slots WHERE state <> 'due' AND at < now() - make_interval(days => $1)`,
    [limits.slotsKeptDays],
  );
}
