import type { FastifyBaseLogger } from 'fastify';
import { sha256 } from '../../ledger/idempotency';
import { dueSlots, settleSlot, type DueSlot } from '../../ledger/schedule-slots';
import { refusalOf, startUnasked } from '../runs/start-unasked';
import type { Service } from '../service';

const atOnce = 100;

/** Starts what is due, each time once: as a client's request with a key made of the time would. */
export async function startDue(service: Service, log: FastifyBaseLogger): Promise<void> {
  for (const slot of await dueSlots(service.database, atOnce)) {
    try {
      await startOne(service, slot);
    } catch (error) {
      log.warn({ err: error, schedule: slot.schedule }, 'a scheduled run could not be started yet');
    }
  }
}

async function startOne(service: Service, slot: DueSlot): Promise<void> {
  const { database } = service;
  const { tenant, schedule, at, plan, input, overlap, startedBy, busy } = slot;
  if (busy && overlap === 'queue') return;
  if (busy && overlap === 'skip') {
    const reason = 'The run of an earlier time was still open.';
    await settleSlot(database, slot, { state: 'skipped', run: null, reason });
    return;
  }
  const keyHash = sha256(at.toISOString());
  const id = { tenant, principal: 'schedules', route: `schedule ${schedule}`, keyHash };
  const principal = { tenant, user: startedBy };
  try {
    const run = await startUnasked(service, { body: { plan, input }, principal, id });
    await settleSlot(database, slot, { state: 'started', run, reason: null });
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === null) throw error;
    await settleSlot(database, slot, { state: 'refused', run: null, reason });
  }
}
