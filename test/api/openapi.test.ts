import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { bearer, smallPlan, testApi, type TestApi } from './api';

interface Operation {
  summary: string;
  security?: object[];
  requestBody?: { required?: boolean };
  responses: { [status: string]: { content?: { [type: string]: { schema: object } } } };
}
interface OpenApi {
  openapi: string;
  paths: { [path: string]: { [method: string]: Operation } };
  components: { schemas: { [name: string]: object } };
}

let api: TestApi;
let key: string;
let document: OpenApi;
const routes = new Set<string>();

beforeAll(async () => {
  api = await testApi({
    onRoute: ({ method, url }) => {
      for (const one of [method].flat())
        if (one !== 'HEAD' && !url.startsWith('/docs'))
          routes.add(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    },
  });
  key = await api.key();
  document = (await api.app.inject({ url: '/openapi.json' })).json<OpenApi>();
});
afterAll(() => api.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

describe('the OpenAPI document', () => {
  it('describes every route and no other, each with an answer and the problem it may have', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...routes].sort());
    for (const { operation } of operations()) {
      expect(operation.summary).not.toBe('');
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
      expect(operation.responses['default']?.content).toHaveProperty(['application/problem+json']);
    }
  });

  it('says which bodies may be left out', () => {
    const required = (path: string) => document.paths[path]?.['post']?.requestBody?.required;
    expect(required('/v1/runs')).toBe(true);
    expect(required('/v1/runs/{id}/cancel')).toBe(false);
    expect(JSON.stringify(document)).not.toContain('x-optional-body');
  });

  it('holds each schema it refers to, under one name, and no other', () => {
    const referred = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect([...new Set(referred)].sort()).toEqual(Object.keys(document.components.schemas).sort());
    for (const name of ['Plan', 'StartRun', 'Run', 'Approval', 'Problem'])
      expect(document.components.schemas).toHaveProperty(name);
  });

  it('says what is answered: answers fit their schemas', async () => {
    const ajv = addFormats(new Ajv2020({ strict: false, schemas: [{ $id: 'api', ...document }] }));
    const check = (schema: string, body: unknown): void => {
      const validate = ajv.getSchema(`api#/components/schemas/${schema}`);
      if (validate === undefined) throw new Error(`There is no schema ${schema}.`);
      expect([schema, validate(body), validate.errors]).toEqual([schema, true, null]);
    };
    const ask = async (method: 'GET' | 'POST', url: string, payload?: object) =>
      (
        await api.app.inject({
          method,
          url,
          headers: bearer(key),
          ...(payload === undefined ? {} : { payload }),
        })
      ).json<{ id: string; items: object[] }>();

    check('StoredPlan', await ask('POST', '/v1/plans', smallPlan));
    const run = await ask('POST', '/v1/runs', { plan: 'small' });
    check('Run', run);
    check('Run', await ask('GET', `/v1/runs/${run.id}`));
    for (const item of (await ask('GET', '/v1/runs')).items) check('RunListItem', item);
    for (const item of (await ask('GET', '/v1/models')).items) check('Model', item);
    check('PlanSummary', await ask('GET', '/v1/plans/small'));
    check('PlanValidation', await ask('POST', '/v1/plans/validate', smallPlan));
    check('Problem', await ask('GET', '/v1/runs/unknown'));
    check('Problem', await ask('POST', '/v1/runs', {}));
  });

  it('is shown on a page of its own', async () => {
    const page = await api.app.inject({ url: '/docs/' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toMatch('text/html');
  });
});

describe('GET /v1/schemas/plan', () => {
  it('is a JSON Schema that takes a plan and refuses what no plan has', async () => {
    const response = await api.app.inject({ url: '/v1/schemas/plan', headers: bearer(key) });
    const validate = new Ajv2020({ strict: false }).compile(response.json<object>());
    expect(validate(smallPlan)).toBe(true);
    expect(validate({ ...smallPlan, colour: 'red' })).toBe(false);
  });
});
