import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { Draft, DraftPlan } from '../../contract/advice-api';
import { draftingAgent, draftingPlan } from '../../plan/advice/draft-plan';
import { viewDraft } from '../plans/draft-view';
import { currentModels } from '../plans/models';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import { startOnce } from '../runs/start-once';
import type { App, Service } from '../service';

/** How long the request waits for the draft before it answers with what there is. */
const waitMs = 20_000;
const lookMs = 250;

/** Plans written by an agent from a goal in words. */
export function planDraftRoutes(app: App, service: Service): void {
  app.post(
    '/v1/plans/draft',
    {
      config: { scopes: ['runs:write'] },
      schema: {
        summary: 'Have a plan written for a goal',
        description:
          'A planner agent writes it in a run of its own, which costs what its calls cost. What is wrong with the plan is given back to it at most twice. The answer comes when the plan is there, or after 20 s without it: then `GET /v1/plans/drafts/{run}` has it later. The plan is neither stored nor run.',
        body: DraftPlan,
        response: { 201: Draft },
      },
    },
    async (request, reply) => {
      const models = await currentModels(service);
      const body = { plan: draftingPlan(models), input: { goal: request.body.goal } };
      await startOnce(service, {
        ...{ body, request, reply },
        options: { plansWrittenBy: draftingAgent },
        location: (run) => `/v1/plans/drafts/${run}`,
        view: (tenant, run) => waitForDraft(service, tenant, run),
      });
      return reply;
    },
  );

  app.get(
    '/v1/plans/drafts/:run',
    {
      config: { scopes: ['runs:read', 'runs:write', 'plans:write'] },
      schema: {
        summary: 'Show a plan that was written for a goal',
        params: z.strictObject({ run: z.string() }),
        response: { 200: Draft },
      },
    },
    async (request) => {
      const { run } = request.params;
      const draft = await viewDraft(service, principalOf(request).tenant, run);
      if (draft === null) throw notFound(`draft ${run}`);
      return draft;
    },
  );
}

async function waitForDraft(service: Service, tenant: string, run: string): Promise<Draft | null> {
  const until = Date.now() + waitMs;
  for (;;) {
    const draft = await viewDraft(service, tenant, run);
    if (draft === null || draft.plan !== null || draft.error !== null || Date.now() > until) return draft;
    await pause(lookMs);
  }
}
