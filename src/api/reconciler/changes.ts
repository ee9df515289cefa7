import type { FastifyBaseLogger } from 'fastify';
import { readKnownRuns } from '../../ledger/open-runs';
import { readPast } from '../../ledger/temporal-runs';
import { moveWatermark, readWatermark } from '../../ledger/watermarks';
import type { Service } from '../service';
import { compare } from './compare';

/** An execution as Temporal's visibility lists it. */
interface Listed {
  workflow: string;
  temporalRun: string;
  isOpen: boolean;
}

const pageSize = 500;
const listMsMax = 10_000;
/**
 * How far each round looks back behind its watermark: visibility may show an execution later than one
 * that began after it. Mostly a little, and now and then far.
 */
const overlapMs = { usual: 5_000, far: 120_000 };
const farEveryRounds = 15;

/**
 * Compares the executions of this service's task queue that were started or closed since the last
 * round with the ledger. Nobody else's: a Temporal may be shared.
 */
export async function compareChanged(
  service: Service,
  log: FastifyBaseLogger,
  { round, isHolder }: { round: number; isHolder: () => boolean },
): Promise<void> {
  const { database, temporal } = service;
  const name = `executions ${temporal.namespace} ${temporal.taskQueue}`;
  const watermark = await readWatermark(database, name);
  const back = round % farEveryRounds === 0 ? overlapMs.far : overlapMs.usual;
  const since = new Date((watermark?.getTime() ?? back) - back);
  let newest = watermark;
  for (let page: Uint8Array | undefined; ;) {
    const listed = await list(service, since, page);
    await compareListed(service, log, listed.executions, isHolder);
    if (!isHolder()) return;
    newest = later(newest, listed.newest);
    if (listed.next.length === 0) break;
    page = listed.next;
  }
  if (newest !== null && newest.getTime() !== watermark?.getTime())
    await moveWatermark(database, name, newest);
}

async function list({ temporal }: Service, since: Date, page: Uint8Array | undefined) {
  const { client, namespace, taskQueue } = temporal;
  const from = since.toISOString();
  const queue = taskQueue.replaceAll('"', '\\"');
  const { executions, nextPageToken } = await temporal.within(listMsMax, () =>
    client.workflowService.listWorkflowExecutions({
      namespace,
      pageSize,
      query: `TaskQueue = "${queue}" AND (StartTime >= "${from}" OR CloseTime >= "${from}")`,
      ...(page === undefined ? {} : { nextPageToken: page }),
    }),
  );
  let newest: Date | null = null;
  const found: Listed[] = [];
  for (const { execution, startTime, closeTime } of executions) {
    found.push({
      workflow: execution?.workflowId ?? '',
      temporalRun: execution?.runId ?? '',
      isOpen: closeTime == null,
    });
    // The server's own times, so that no difference of clocks can hide an execution.
    newest = later(later(newest, dateOf(startTime)), dateOf(closeTime));
  }
  return { executions: found, newest, next: nextPageToken };
}

/** Only what the ledger doesn't already say is looked at in Temporal. */
async function compareListed(
  service: Service,
  log: FastifyBaseLogger,
  listed: readonly Listed[],
  isHolder: () => boolean,
): Promise<void> {
  if (listed.length === 0) return;
  const ids = listed.map(({ workflow }) => workflow);
  const runs = new Map((await readKnownRuns(service.database, ids)).map((run) => [run.id, run]));
  const past = new Set((await readPast(service.database, ids)).map(({ run, id }) => `${run} ${id}`));
  const odd = new Set<string>();
  for (const { workflow, temporalRun, isOpen } of listed) {
    const run = runs.get(workflow);
    if (run === undefined) continue;
    const isNewest = run.temporalRun === temporalRun;
    if (isNewest ? !isOpen && !run.closed : !past.has(`${workflow} ${temporalRun}`)) odd.add(workflow);
  }
  for (const workflow of odd) {
    if (!isHolder()) return;
    const run = runs.get(workflow);
    if (run !== undefined) await compare(service, log, run);
  }
}

function later(left: Date | null, right: Date | null): Date | null {
  if (left === null || right === null) return left ?? right;
  return left > right ? left : right;
}

function dateOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): Date | null {
  return time == null ? null : new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6);
}
