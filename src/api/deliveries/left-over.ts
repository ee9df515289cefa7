import type { FastifyBaseLogger } from 'fastify';
import { isDatabaseAway } from '../../ledger/database-away';
import { readUntold, takePending } from '../../ledger/received-events';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';
import { deliver, tell } from './deliver';

const eventsMax = 200;

/** Goes on with events whose delivery was left in the middle, because a process died or Temporal was away. */
export async function deliverLeftOver(
  service: Service,
  log: FastifyBaseLogger,
  olderThanSeconds: number,
): Promise<void> {
  const { database } = service;
  const page = { olderThanSeconds, limit: eventsMax };
  for (const event of await takePending(database, page))
    await orElse(log, event.id, () => deliver(service, event));
  for (const untold of await readUntold(database, page))
    await orElse(log, untold.event.id, () => tell(service, untold));
}

/** One event that can't be delivered must not keep the others waiting. */
async function orElse(log: FastifyBaseLogger, event: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isTemporalAway(error) || isDatabaseAway(error)) throw error;
    log.error({ err: error, event }, 'an event could not be delivered');
  }
}
