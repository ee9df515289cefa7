import { z } from 'zod';
import { AnyJson } from '../../contract/any-json';
import { Plan } from '../../contract/plan';
import type { Json } from '../../contract/value';
import type { App } from '../service';

/** The plan language as a JSON Schema, for editors. */
export function schemaRoutes(app: App): void {
  // Made when it is first asked for: it takes a tenth of the API's start.
  let schema: Json | undefined;
  app.get(
    '/v1/schemas/plan',
    {
      config: { scopes: ['runs:read', 'plans:write'] },
      schema: { summary: 'Show the plan language as a JSON Schema 2020-12', response: { 200: AnyJson } },
    },
    () => (schema ??= z.toJSONSchema(Plan, { target: 'draft-2020-12', io: 'input' }) as Json),
  );
}
