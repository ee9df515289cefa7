import { workflowInfo } from '@temporalio/workflow';
import type { ScheduledArgument } from '../contract/workflow';
import { noteSlot } from './activities';

const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/**
 * What a schedule of Temporal starts at each of its times: it notes that a run is due, and ends. The
 * run itself is started where all runs are, with a key made of the time.
 */
export async function scheduled({ tenant, schedule }: ScheduledArgument): Promise<void> {
  const { workflowId, startTime } = workflowInfo();
  // Temporal ends the id with the time that was meant, whenever it got to start it.
  const at = time.exec(workflowId)?.[0] ?? startTime.toISOString();
  await noteSlot({ tenant, schedule, at }, schedule);
}
