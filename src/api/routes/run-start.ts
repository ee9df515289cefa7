import { Run, StartRun } from '../../contract/api';
import { limits } from '../../contract/limits';
import { viewRun } from '../runs/run-view';
import { startOnce } from '../runs/start-once';
import type { App, Service } from '../service';

/** The way into the service. */
export function runStartRoutes(app: App, service: Service): void {
  app.post(
    '/v1/runs',
    {
      config: { scopes: ['runs:write'], depthMax: limits.planDepthMax + 1 },
      schema: {
        summary: 'Start a run',
        description:
          'With an Idempotency-Key a repeated request starts nothing more and gets the first answer.',
        body: StartRun,
        response: { 201: Run },
      },
    },
    async (request, reply) => {
      await startOnce(service, {
        ...{ body: request.body, request, reply },
        location: (run) => `/v1/runs/${run}`,
        view: (tenant, run) => viewRun(service, tenant, run),
      });
      return reply;
    },
  );
}
