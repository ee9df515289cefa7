import swagger, { type SwaggerTransform } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import { withComponents } from '../openapi-components';
import { mayLackBody, optionalBody, withOptionalBodies } from '../optional-bodies';
import type { App } from '../service';

/** Where the page of the documentation is. */
export const docsPath = '/docs';
const problemReference = '#/components/schemas/Problem';

/** Makes the OpenAPI document from the schemas of the routes. To be called before any route. */
export async function installOpenApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Fermata',
        version,
        description:
          'A durable service that orchestrates AI agents. Every answer that is not 2xx is a Problem.',
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    transform,
    transformObject: (document) =>
      'openapiObject' in document ? withComponents(withOptionalBodies(document.openapiObject)) : {},
  });
  await app.register(swaggerUi, { routePrefix: docsPath });
  app.get(
    '/openapi.json',
    {
      config: { scopes: 'public' },
      schema: { summary: 'This document', response: { 200: z.looseObject({}) } },
    },
    () => app.swagger() as unknown as { [name: string]: unknown },
  );
}

const transform: SwaggerTransform = (route) => {
  const { schema, url } = jsonSchemaTransform(route) as { schema: FastifySchema & Documented; url: string };
  if (route.url.startsWith(docsPath)) return { schema: { ...schema, hide: true }, url };
  const { scopes } = route.route.config ?? {};
  const isPublic = scopes === 'public';
  const documented: Documented = {
    ...schema,
    tags: [tagOf(url)],
    ...(isPublic ? { security: [] } : {}),
    ...(isPublic || scopes === undefined ? {} : { description: describe(schema.description, scopes) }),
    ...(route.route.method === 'POST' ? { headers: idempotencyHeader } : {}),
    ...(mayLackBody(route.schema.body) ? { [optionalBody]: true } : {}),
    response: { ...schema.response, default: problemAnswer },
  };
  return { schema: documented, url };
};

interface Documented {
  [optionalBody]?: boolean;
  tags?: string[];
  description?: string;
  security?: readonly [];
  headers?: object;
  response?: { [status: string]: unknown };
}

const problemAnswer = {
  description: 'A problem, as RFC 9457 has it.',
  content: { 'application/problem+json': { schema: { $ref: problemReference } } },
};

const idempotencyHeader = {
  type: 'object',
  properties: {
    'Idempotency-Key': {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'The same key and body again get the first answer, and nothing is done twice.',
    },
  },
} satisfies OpenAPIV3_1.SchemaObject;

function describe(description: string | undefined, scopes: readonly string[]): string {
  const needs = `Needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`;
  return description === undefined ? needs : `${description} ${needs}`;
}

function tagOf(url: string): string {
  return /^\/v1\/([a-z]+)/.exec(url)?.[1] ?? 'service';
}
