import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isGrpcServiceError } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { noteHistoryFailed, readDueHistories, storeHistory, type DueHistory } from '../../ledger/histories';
import { isTemporalAway } from '../temporal';
import type { Service } from '../service';
import { readWholeHistory } from './whole-history';

const due = { closedForSeconds: 5, triedBeforeSeconds: 60, limit: 40 };
const notFound = 5;
const compress = promisify(gzip);

/** Keeps the histories of Temporal runs that are over: Temporal forgets them after its retention. */
export async function storeHistories(
  service: Service,
  log: FastifyBaseLogger,
  isHolder: () => boolean,
): Promise<void> {
  for (const of of await readDueHistories(service.database, due)) {
    if (!isHolder()) return;
    try {
      await store(service, of);
    } catch (error) {
      if (isTemporalAway(error)) throw error;
      const gone = isGrpcServiceError(error) && (error.code as number) === notFound;
      await noteHistoryFailed(service.database, of, gone);
      log.warn({ err: error, run: of.run, temporalRun: of.id }, 'a history could not be stored');
    }
  }
}

async function store(service: Service, of: DueHistory): Promise<void> {
  const { json, isClosed } = await readWholeHistory(service.temporal, of.run, of.id);
  // The run's end is written a moment before the workflow's own.
  if (isClosed) await storeHistory(service.database, of, await compress(json));
  else await noteHistoryFailed(service.database, of, false);
}
