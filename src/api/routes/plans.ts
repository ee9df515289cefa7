import type { RouteShorthandOptions } from 'fastify';
import { z } from 'zod';
import { limits } from '../../contract/limits';
import { Plan } from '../../contract/plan';
import { PlanList, PlanSummary, PlanValidation, StoredPlan } from '../../contract/plans-api';
import type { Json } from '../../contract/value';
import { findPlan, listPlans, listVersions, storePlan, type PlanRow } from '../../ledger/plans';
import { planDigest } from '../../plan/manifest';
import { answerOnce } from '../idempotency';
import { cursorOf, pageOf, pageQuery, readCursor } from '../page';
import { readSentPlan, type YamlText } from '../plans/sent-plan';
import { installYamlBodies } from '../plugins/bodies';
import { principalOf } from '../plugins/authentication';
import { invalidInput, notFound, ProblemError } from '../problem';
import { armSchedules } from '../schedules/arm';
import type { App, Service } from '../service';

const readers = ['runs:read', 'plans:write'] as const;

/** Stored plans, and what is wrong with those that aren't stored yet. */
export function planRoutes(app: App, service: Service): void {
  installYamlBodies(app);
  planWriting(app, service);
  planReading(app, service);
}

// A plan is checked by what plans mean, which says more than its schema; that is here for the OpenAPI document.
const takesPlan = {
  validatorCompiler: () => () => true,
  bodyLimit: limits.bodyBytesMax,
} satisfies RouteShorthandOptions;

function planWriting(app: App, service: Service): void {
  app.post(
    '/v1/plans/validate',
    {
      ...takesPlan,
      config: { scopes: ['plans:write', 'runs:write', 'runs:read'], depthMax: limits.planDepthMax },
      schema: {
        summary: 'Say everything that is wrong with a plan',
        consumes: ['application/json', 'application/yaml'],
        body: Plan,
        response: { 200: PlanValidation },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant } = principalOf(request);
        const { plan, errors, warnings, graph } = await readSentPlan(service, tenant, bodyOf(request.body));
        return { status: 200, body: { valid: plan !== null, errors, warnings, graph } };
      });
      return reply;
    },
  );

  app.post(
    '/v1/plans',
    {
      ...takesPlan,
      config: { scopes: ['plans:write'], depthMax: limits.planDepthMax },
      schema: {
        summary: 'Store a version of a plan',
        description: 'A stored version never changes: 201 for a new one, 200 for the same again.',
        consumes: ['application/json', 'application/yaml'],
        body: Plan,
        response: { 200: StoredPlan, 201: StoredPlan },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { tenant, user } = principalOf(request);
        const sent = await readSentPlan(service, tenant, bodyOf(request.body));
        const { plan, json, errors, warnings, source } = sent;
        if (plan === null) throw invalidInput('The plan is not valid.', errors);
        const { name, version, description = null } = plan;
        const digest = planDigest(plan);
        const eventTypes = [
          ...new Set((plan.triggers ?? []).flatMap((one) => ('event' in one ? [one.event] : []))),
        ];
        const about = { name, version, digest, description, storedBy: user };
        const stored = { ...about, plan: json, source, eventTypes };
        const outcome = await storePlan(service.database, tenant, stored);
        if (outcome.type === 'conflict')
          throw new ProblemError(
            'version_conflict',
            `${name} ${version} is stored with other content. Raise the version.`,
            {
              members: { digest: outcome.digest },
            },
          );
        await armSchedules(service, tenant, name);
        const row = await findPlan(service.database, tenant, { name, at: version });
        if (row === null) throw new Error(`The plan ${name} ${version} was stored and is gone.`);
        return {
          status: outcome.type === 'stored' ? 201 : 200,
          body: { ...versionView(row), plan: row.plan, source: row.source, warnings },
        };
      });
      return reply;
    },
  );
}

function planReading(app: App, { database }: Service): void {
  app.get(
    '/v1/plans',
    {
      config: { scopes: readers },
      schema: {
        summary: 'List plans by name',
        querystring: z.strictObject(pageQuery),
        response: { 200: PlanList },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = readCursor(cursor, 1)?.[0] ?? null;
      const rows = await listPlans(database, principalOf(request).tenant, { after, limit: limit + 1 });
      return pageOf(rows, limit, {
        view: (row) => ({ ...row, updatedAt: row.updatedAt.toISOString() }),
        cursor: (row) => cursorOf(row.name),
      });
    },
  );

  app.get(
    '/v1/plans/:name',
    {
      config: { scopes: readers },
      schema: {
        summary: 'Show the versions of a plan',
        params: z.strictObject({ name: z.string() }),
        response: { 200: PlanSummary },
      },
    },
    async (request) => {
      const { name } = request.params;
      const found = await listVersions(database, principalOf(request).tenant, name);
      if (found === null) throw notFound(`plan ${name}`);
      return { name, live: found.live, versions: found.versions.map(versionView) };
    },
  );

  app.get(
    '/v1/plans/:name/versions/:version',
    {
      config: { scopes: readers },
      schema: {
        summary: 'Show a version of a plan',
        params: z.strictObject({ name: z.string(), version: z.string() }),
        response: { 200: StoredPlan },
      },
    },
    async (request) => {
      const { name, version } = request.params;
      const row = await findPlan(database, principalOf(request).tenant, { name, at: version });
      if (row?.version !== version) throw notFound(`plan ${name}@${version}`);
      return { ...versionView(row), plan: row.plan, source: row.source };
    },
  );
}

function versionView({ name, version, digest, description, storedBy, createdAt }: PlanRow) {
  return { name, version, digest, description, storedBy, createdAt: createdAt.toISOString() };
}

/** The body as it was read: the schema of these routes is for the document only. */
function bodyOf(body: unknown): Json | YamlText {
  if (body === undefined)
    throw invalidInput('The body is missing.', [
      { path: '', code: 'validation_failed', message: 'Is missing.' },
    ]);
  return body as Json | YamlText;
}
