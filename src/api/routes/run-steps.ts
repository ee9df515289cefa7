import { z } from 'zod';
import { StepDetail, StepList } from '../../contract/api';
import { lastEvent } from '../../ledger/events';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import { viewStep, viewSteps } from '../runs/step-view';
import type { App, Service } from '../service';

/** What the steps of a run did. */
export function runStepRoutes(app: App, service: Service): void {
  app.get(
    '/v1/runs/:id/steps',
    {
      config: { scopes: ['runs:read'] },
      schema: {
        summary: 'Show the steps of a run as a tree',
        params: z.strictObject({ id: z.string() }),
        response: { 200: StepList },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { id } = request.params;
      if ((await lastEvent(service.database, tenant, id)) === null) throw notFound(`run ${id}`);
      return { items: await viewSteps(service, tenant, id) };
    },
  );

  app.get(
    '/v1/runs/:id/steps/:path',
    {
      config: { scopes: ['runs:read'] },
      schema: {
        summary: 'Show a step with its calls: what was asked, what was answered',
        params: z.strictObject({ id: z.string(), path: z.string() }),
        response: { 200: StepDetail },
      },
    },
    async (request) => {
      const { id: run, path } = request.params;
      const step = await viewStep(service, principalOf(request).tenant, { run, path });
      if (step === null) throw notFound(`step ${path} of a run ${run}`);
      return step;
    },
  );
}
