import type { DueTime } from '../contract/workflow';
import { noteSlot as insertSlot } from '../ledger/schedule-slots';
import type { Ports } from './ports';

/** Notes once that a run of a schedule is due. */
export async function noteSlot({ database }: Ports, { tenant, schedule, at }: DueTime): Promise<void> {
  await insertSlot(database, { tenant, schedule, at: new Date(at) });
}
