import type { Trigger } from '../../contract/plan';
import { findPlan } from '../../ledger/plans';
import { planScheduleIds, putSchedule, removeSchedules } from '../../ledger/schedules';
import type { Service } from '../service';

/** Makes the schedules of a plan's own triggers those of its live version. Safe to repeat. */
export async function armSchedules({ database }: Service, tenant: string, name: string): Promise<void> {
  const live = await findPlan(database, tenant, { name, at: 'live' });
  // Validated when the version was stored.
  const triggers = (live?.plan as { triggers?: Trigger[] } | undefined)?.triggers ?? [];
  const armed: string[] = [];
  for (const [index, trigger] of triggers.entries()) {
    if (!('schedule' in trigger) || live === null) continue;
    const { schedule: cron, timezone = 'UTC', overlap = 'skip', input = null } = trigger;
    const id = `plan.${name}.${String(index)}`;
    const setting = { plan: name, input, cron, timezone, overlap, paused: false };
    await putSchedule(database, { ...setting, tenant, id, origin: 'plan', startedBy: live.storedBy });
    armed.push(id);
  }
  const before = await planScheduleIds(database, tenant, name);
  await removeSchedules(
    database,
    tenant,
    before.filter((id) => !armed.includes(id)),
  );
}
