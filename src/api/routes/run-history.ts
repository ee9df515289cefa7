import { WorkflowNotFoundError } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { z } from 'zod';
import { AnyJson } from '../../contract/any-json';
import { lastEvent } from '../../ledger/events';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import type { App, Service } from '../service';

const historyMsMax = 20_000;

/** The run as Temporal recorded it. */
export function runHistoryRoutes(app: App, { database, temporal }: Service): void {
  app.get(
    '/v1/runs/:id/history',
    {
      config: { scopes: ['runs:read'] },
      schema: {
        summary: "Show Temporal's history of a run",
        description: 'In the form that the `temporal` command and a replay read.',
        params: z.strictObject({ id: z.string() }),
        response: { 200: AnyJson },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if ((await lastEvent(database, principalOf(request).tenant, id)) === null) throw notFound();
      try {
        const history = await temporal.within(historyMsMax, () =>
          temporal.client.workflow.getHandle(id).fetchHistory(),
        );
        void reply.type('application/json').send(historyToJSON(history));
        return await reply;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw notFound();
        throw error;
      }
    },
  );
}
