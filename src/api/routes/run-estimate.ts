import { Estimate } from '../../contract/advice-api';
import { StartRun } from '../../contract/api';
import { limits } from '../../contract/limits';
import { readPastRuns } from '../../ledger/past-runs';
import { estimateOf } from '../../plan/advice/estimate';
import { planDigest } from '../../plan/manifest';
import { answerOnce } from '../idempotency';
import { principalOf } from '../plugins/authentication';
import { checkStart } from '../runs/start-run';
import type { App, Service } from '../service';

/** What a start would come to. */
export function runEstimateRoutes(app: App, service: Service): void {
  app.post(
    '/v1/runs/estimate',
    {
      config: { scopes: ['runs:write', 'runs:read'], depthMax: limits.planDepthMax + 1 },
      schema: {
        summary: 'Estimate what a run would use, and start nothing',
        body: StartRun,
        response: { 200: Estimate },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant } = principalOf(request);
        const { plan, subPlans, lowered, warnings, models } = await checkStart(service, tenant, request.body);
        const past = await readPastRuns(service.database, tenant, {
          name: plan.name,
          digest: planDigest(plan),
          simulated: models.usable.simulated,
        });
        const estimate = estimateOf(lowered, { models, subPlans, input: request.body.input, past });
        return { status: 200, body: { ...estimate, warnings } };
      });
      return reply;
    },
  );
}
