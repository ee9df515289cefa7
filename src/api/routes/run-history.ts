import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isGrpcServiceError } from '@temporalio/client';
import { z } from 'zod';
import { AnyJson } from '../../contract/any-json';
import { lastEvent } from '../../ledger/events';
import { readHistory } from '../../ledger/histories';
import { readTemporalRuns } from '../../ledger/temporal-runs';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import { readWholeHistory } from '../reconciler/whole-history';
import type { App, Service } from '../service';

const grpcNotFound = 5;
const uncompress = promisify(gunzip);

/** The run as Temporal recorded it. */
export function runHistoryRoutes(app: App, service: Service): void {
  app.get(
    '/v1/runs/:id/history',
    {
      config: { scopes: ['runs:read'] },
      schema: {
        summary: "Show Temporal's history of a run",
        description:
          'In the form that the `temporal` command and a replay read. A run that was continued as new or reset has several executions in Temporal, each with a history: this is the newest unless another is named. The header `temporal-runs` has the ids of all of them, the oldest first.',
        params: z.strictObject({ id: z.string() }),
        querystring: z.strictObject({
          temporalRun: z.string().optional().meta({ description: 'Id of the execution in Temporal.' }),
        }),
        response: { 200: AnyJson },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const { id } = request.params;
      if ((await lastEvent(service.database, tenant, id)) === null) throw notFound(`run ${id}`);
      const all = await readTemporalRuns(service.database, tenant, id);
      const wanted = request.query.temporalRun ?? all.at(-1)?.id;
      if (wanted === undefined || !all.some((one) => one.id === wanted))
        throw notFound(`Temporal run ${wanted ?? ''} of run ${id}`);
      const json = await readJson(service, { tenant, run: id, id: wanted });
      void reply.header('temporal-runs', all.map((one) => one.id).join(', '));
      void reply.type('application/json').send(json);
      return await reply;
    },
  );
}

/** From the ledger once the execution is over, which Temporal forgets after its retention; until then from there. */
async function readJson(
  { database, temporal }: Service,
  of: { tenant: string; run: string; id: string },
): Promise<string> {
  const stored = await readHistory(database, of);
  if (stored !== null) return (await uncompress(stored)).toString('utf8');
  try {
    return (await readWholeHistory(temporal, of.run, of.id)).json;
  } catch (error) {
    if (isGrpcServiceError(error) && (error.code as number) === grpcNotFound)
      throw notFound(`history of ${of.id}`);
    throw error;
  }
}
