import { z } from 'zod';
import { CancelRun, Run } from '../../contract/api';
import { requestCancel } from '../../ledger/runs';
import { answerOnce } from '../idempotency';
import { principalOf } from '../plugins/authentication';
import { notFound, ProblemError } from '../problem';
import { demandCleanText } from '../read-json';
import { viewRun } from '../runs/run-view';
import { cancelWorkflow } from '../runs/workflow-start';
import type { App, Service } from '../service';

/** The end that somebody asks for. */
export function runCancelRoutes(app: App, service: Service): void {
  app.post(
    '/v1/runs/:id/cancel',
    {
      config: { scopes: ['runs:write'] },
      schema: {
        summary: 'Cancel a run',
        description: 'Nothing more is paid for from here on; what was made so far is kept.',
        params: z.strictObject({ id: z.string() }),
        body: CancelRun.optional(),
        response: { 202: Run },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant } = principalOf(request);
        const { id } = request.params;
        const reason = request.body?.reason;
        demandCleanText({ '/reason': reason });
        const state = await requestCancel(service.database, { tenant, id }, reason ?? null);
        if (state === 'unknown') throw notFound(`run ${id}`);
        if (state === 'closed') throw new ProblemError('run_already_closed', 'The run has ended already.');
        // The gateways are told even where Temporal can't be: money must not wait for it.
        const [asked] = await Promise.allSettled([
          cancelWorkflow(service.temporal, id, reason ?? ''),
          service.gateways.cancel(tenant, id),
        ]);
        if (asked.status === 'rejected') throw asked.reason;
        return { status: 202, body: await viewRun(service, tenant, id) };
      });
      return reply;
    },
  );
}
