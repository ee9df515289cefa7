import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Database } from '../ledger/database';
import { noteWorker } from '../ledger/worker-beats';

const everyMs = 3_000;

/**
 * Gives signs of life through the ledger until it is stopped. Temporal would still show a dead worker
 * as polling for minutes.
 */
export function startBeat(database: Database, taskQueue: string, logger: Logger): { stop(): Promise<void> } {
  const worker = `${String(process.pid)}@${hostname()}`;
  let latest: Promise<void> | null = null;
  const beat = (): void => {
    // A ledger that is away is asked again when it has answered, not piled up on.
    latest ??= noteWorker(database, { taskQueue, worker })
      .catch((error: unknown) => {
        logger.warn(error, 'no sign of life could be given');
      })
      .finally(() => {
        latest = null;
      });
  };
  beat();
  const timer = setInterval(beat, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await latest;
    },
  };
}
