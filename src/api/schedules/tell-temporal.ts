import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
} from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import type { ScheduledArgument } from '../../contract/workflow';
import { noteTold, untoldSchedules, type ScheduleRow } from '../../ledger/schedules';
import type { Service } from '../service';
import type { Temporal } from '../temporal';

const withinMs = 5_000;
const atOnce = 100;

type Wanted = ScheduleOptions<
  ScheduleOptionsStartWorkflowAction<(argument: ScheduledArgument) => Promise<void>>
>;

/**
 * Makes Temporal's schedules like those of the ledger. One process does it at a time, so that an
 * earlier change can't overtake a later one.
 */
export async function tellTemporal(service: Service, log: FastifyBaseLogger): Promise<void> {
  const { database, temporal } = service;
  for (const row of await untoldSchedules(database, atOnce)) {
    try {
      await temporal.within(withinMs, () => (row.removed ? remove(temporal, row) : put(temporal, row)));
      await noteTold(database, row);
    } catch (error) {
      log.warn({ err: error, schedule: row.id }, 'Temporal could not be told of a schedule');
    }
  }
}

async function put({ client, taskQueue }: Temporal, row: ScheduleRow): Promise<void> {
  const { tenant, id, cron, timezone, paused, plan } = row;
  const wanted: Wanted = {
    scheduleId: temporalIdOf(taskQueue, row),
    spec: { cronExpressions: [cron], timezone },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduled',
      workflowId: temporalIdOf(taskQueue, row),
      taskQueue,
      args: [{ tenant, schedule: id }],
      staticSummary: `notes that a run of ${plan} is due`,
    },
    // What it starts takes no time. Of all times that were missed together one is taken.
    policies: { overlap: 'SKIP', catchupWindow: '365 days' },
    state: { paused },
  };
  try {
    await client.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, action, policies } = wanted;
    await client.schedule.getHandle(wanted.scheduleId).update(() => ({
      spec,
      action: { ...action, workflowId: wanted.scheduleId },
      policies: policies ?? {},
      state: { paused },
    }));
  }
}

async function remove({ client, taskQueue }: Temporal, row: ScheduleRow): Promise<void> {
  try {
    await client.schedule.getHandle(temporalIdOf(taskQueue, row)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** When Temporal starts it next; null where it is paused or not known there, or Temporal is away. */
export async function nextTimeOf({ temporal }: Service, row: ScheduleRow): Promise<Date | null> {
  if (row.paused) return null;
  try {
    const handle = temporal.client.schedule.getHandle(temporalIdOf(temporal.taskQueue, row));
    const { info } = await temporal.within(withinMs, () => handle.describe());
    return info.nextActionTimes[0] ?? null;
  } catch {
    return null;
  }
}

/** A Temporal may be shared by services, each with a task queue of its own. */
function temporalIdOf(taskQueue: string, { tenant, id }: ScheduleRow): string {
  return `${taskQueue}/${tenant}/${id}`;
}
