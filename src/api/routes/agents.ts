import { z } from 'zod';
import { AgentList, type RegisteredAgent } from '../../contract/agents-api';
import { listAgents, type AgentRow } from '../../ledger/agents';
import { cursorOf, pageOf, pageQuery, readCursor } from '../page';
import { principalOf } from '../plugins/authentication';
import type { App, Service } from '../service';

/** The registry of agents: those of the stored plans, with figures of their use. */
export function agentRoutes(app: App, { database }: Service): void {
  app.get(
    '/v1/agents',
    {
      config: { scopes: ['runs:read', 'plans:write'] },
      schema: {
        summary: 'List the agents of the stored plans, with figures of their use',
        querystring: z.strictObject(pageQuery),
        response: { 200: AgentList },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const [plan, name] = readCursor(cursor, 2) ?? [];
      const after = plan === undefined || name === undefined ? null : { plan, name };
      const rows = await listAgents(database, principalOf(request).tenant, { after, limit: limit + 1 });
      return pageOf(rows, limit, { view: agentView, cursor: (row) => cursorOf(row.plan, row.name) });
    },
  );
}

function agentView(row: AgentRow): RegisteredAgent {
  const { plan, version, name, agent, runs, calls, answered, failed } = row;
  const { inputTokens, outputTokens, costNano, lastUsedAt, models } = row;
  const ended = answered + failed;
  return {
    name,
    plan: { name: plan, version },
    description: agent.description ?? null,
    skills: agent.skills ?? [],
    models: [agent.model].flat(),
    select: (agent.select ?? []).map(({ when, model }) => ({ when, models: [model].flat() })),
    figures: {
      ...{ runs, calls, inputTokens, outputTokens },
      successRate: ended === 0 ? null : answered / ended,
      costUsd: costNano / 1e9,
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
      models: models.map(({ model, ...used }) => ({
        model,
        calls: used.calls,
        costUsd: used.costNano / 1e9,
      })),
    },
  };
}
