import type { FastifyBaseLogger } from 'fastify';
import { limits } from '../../contract/limits';
import type { Service } from '../service';
import { deliverLeftOver } from './left-over';

interface Options {
  /** Events from outside that are younger may still be on their way in the request that brought them. */
  olderThanSeconds: number;
  isHolder(): boolean;
}

/** Delivers what plans have published, and what was left in the middle, one round after another. */
export function createCourier(
  service: Service,
  log: FastifyBaseLogger,
  { olderThanSeconds, isHolder }: Options,
): { stop(): Promise<void> } {
  let stopping = false;
  let timer: NodeJS.Timeout;
  let round = Promise.resolve();

  async function attempt(): Promise<void> {
    if (!isHolder()) return;
    await deliverLeftOver(service, log, olderThanSeconds).catch((error: unknown) => {
      log.warn({ err: error }, 'events could not be delivered');
    });
  }
  const next = (): void => {
    round = attempt().then(() => {
      if (!stopping) timer = setTimeout(next, limits.courierMilliseconds);
    });
  };
  timer = setTimeout(next, 0);
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await round;
    },
  };
}
