import { testApi, bearer, type TestApi } from './api';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

interface OpenApi {
  openapi: string;
  paths: { [path: string]: { [method: string]: { security?: object[]; responses: object } } };
  components: { schemas: { [name: string]: object } };
}

async function document(): Promise<OpenApi> {
  const response = await api.app.inject({ url: '/openapi.json' });
  expect(response.statusCode).toBe(200);
  return response.json<OpenApi>();
}

describe('the OpenAPI document', () => {
  it('describes every route that answers, and no other', async () => {
    const { openapi, paths } = await document();
    expect(openapi).toBe('3.1.0');
    console.log(Object.entries(paths).map(([p, o]) => `${p} ${Object.keys(o).join()}`).join('\n'));
    require('fs').writeFileSync('/tmp/openapi.json', JSON.stringify(await document(), null, 1));
  });
});
