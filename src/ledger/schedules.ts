import type { Json } from '../contract/value';
import type { Database } from './database';

export interface ScheduleSetting {
  plan: string;
  input: Json;
  cron: string;
  timezone: string;
  overlap: 'skip' | 'queue' | 'all';
  paused: boolean;
}

export interface ScheduleRow extends ScheduleSetting {
  tenant: string;
  id: string;
  origin: 'plan' | 'api';
  startedBy: string;
  removed: boolean;
  change: number;
}

type Raw = Omit<ScheduleRow, 'input'> & { inputJson: string };
const columns = `tenant, id, plan, input_json AS "inputJson", cron, timezone, overlap, paused, origin,
  started_by AS "startedBy", removed, change`;

function scheduleOf({ inputJson, ...rest }: Raw): ScheduleRow {
  return { ...rest, input: JSON.parse(inputJson) as Json };
}

/** Stores a schedule that somebody makes, or one of the same id anew. */
export async function putSchedule(
  database: Database,
  one: Pick<ScheduleRow, 'tenant' | 'id' | 'origin' | 'startedBy'> & ScheduleSetting,
): Promise<void> {
  await database.query(
    // A pause holds for what it was said of.
    `INSERT INTO schedules (tenant, id, plan, input_json, cron, timezone, overlap, paused, origin, started_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (tenant, id) DO UPDATE SET plan = excluded.plan, input_json = excluded.input_json,
       cron = excluded.cron, timezone = excluded.timezone, overlap = excluded.overlap,
       paused = schedules.paused AND NOT schedules.removed AND schedules.cron = excluded.cron,
       started_by = excluded.started_by, removed = false, change = schedules.change + 1`,
    [
      ...[one.tenant, one.id, one.plan, JSON.stringify(one.input), one.cron, one.timezone],
      ...[one.overlap, one.paused, one.origin, one.startedBy],
    ],
  );
}

/** Schedules by id, without those that are being removed. */
export async function listSchedules(
  database: Database,
  tenant: string,
  page: { after: string | null; limit: number },
): Promise<ScheduleRow[]> {
  const { rows } = await database.query<Raw>(
    `SELECT ${columns} FROM schedules
     WHERE tenant = $1 AND NOT removed AND ($2::text IS NULL OR id COLLATE "C" > $2)
     ORDER BY id COLLATE "C" LIMIT $3`,
    [tenant, page.after, page.limit],
  );
  return rows.map(scheduleOf);
}

export async function readSchedule(
  database: Database,
  tenant: string,
  id: string,
): Promise<ScheduleRow | null> {
  const { rows } = await database.query<Raw>(
    `SELECT ${columns} FROM schedules WHERE tenant = $1 AND id = $2 AND NOT removed`,
    [tenant, id],
  );
  return rows[0] === undefined ? null : scheduleOf(rows[0]);
}

export async function changeSchedule(
  database: Database,
  { tenant, id }: { tenant: string; id: string },
  to: ScheduleSetting,
): Promise<void> {
  await database.query(
    `UPDATE schedules SET plan = $3, input_json = $4, cron = $5, timezone = $6, overlap = $7, paused = $8,
       change = change + 1 WHERE tenant = $1 AND id = $2`,
    [tenant, id, to.plan, JSON.stringify(to.input), to.cron, to.timezone, to.overlap, to.paused],
  );
}

/** Marks for removal; the row goes when Temporal has let go of it. */
export async function removeSchedules(database: Database, tenant: string, ids: string[]): Promise<void> {
  await database.query(
    `UPDATE schedules SET removed = true, change = change + 1
     WHERE tenant = $1 AND id = ANY ($2) AND NOT removed`,
    [tenant, ids],
  );
}

/** Ids of the schedules of a plan's own triggers. */
export async function planScheduleIds(database: Database, tenant: string, plan: string): Promise<string[]> {
  const { rows } = await database.query<{ id: string }>(
    `SELECT id FROM schedules WHERE tenant = $1 AND plan = $2 AND origin = 'plan' AND NOT removed`,
    [tenant, plan],
  );
  return rows.map(({ id }) => id);
}

/** Schedules with a change that Temporal has not been told of. */
export async function untoldSchedules(database: Database, limit: number): Promise<ScheduleRow[]> {
  const { rows } = await database.query<Raw>(
    `SELECT ${columns} FROM schedules WHERE told < change ORDER BY tenant, id LIMIT $1`,
    [limit],
  );
  return rows.map(scheduleOf);
}

/** Notes that Temporal knows of a change; what is removed there is removed here, with its times. */
export async function noteTold(
  database: Database,
  { tenant, id, change, removed }: ScheduleRow,
): Promise<void> {
  if (!removed) {
    await database.query('UPDATE schedules SET told = $3 WHERE tenant = $1 AND id = $2', [
      tenant,
      id,
      change,
    ]);
    return;
  }
  await database.query(
    `WITH gone AS (
       DELETE FROM schedules WHERE tenant = $1 AND id = $2 AND change = $3 RETURNING tenant, id)
     DELETE FROM schedule_slots s USING gone g WHERE s.tenant = g.tenant AND s.schedule = g.id`,
    [tenant, id, change],
  );
}
