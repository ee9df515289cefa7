import fc from 'fast-check';
import { bearer, testApi, writerPlan, type TestApi } from './api';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await testApi();
  key = await api.key();
});
afterAll(() => api.close());

const posts = [
  '/v1/runs',
  '/v1/plans',
  '/v1/plans/validate',
  '/v1/plans/recommend',
  '/v1/approvals/x',
  '/v1/runs/x/cancel',
];
const gets = ['/v1/runs', '/v1/approvals', '/v1/plans', '/v1/models'];
const names = [
  'plan',
  'input',
  'options',
  'flow',
  'type',
  'steps',
  'agents',
  'limits',
  'decision',
  'content',
  'name',
];
const words = [
  'agent',
  'sequence',
  'parallel',
  'writer',
  '{{ input.topic }}',
  '{% if %}',
  '1.0.0',
  '5m',
  '\ud800',
  '\0',
];

/** JSON that looks like what is asked for just enough to get far. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...words),
    fc.string({ unit: 'binary' }),
    fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('value'), { maxKeys: 6 }),
  ),
})).value;

/** A plan that would run, with one thing in it changed. */
const almost = fc.tuple(fc.nat(1000), anything).map(([at, value]) => {
  const plan = structuredClone(writerPlan) as unknown as object;
  const places: [object, string][] = [];
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const name of Object.keys(part)) {
      places.push([part, name]);
      visit((part as { [member: string]: unknown })[name]);
    }
  };
  visit(plan);
  const [part, name] = places[at % places.length] ?? [plan, 'flow'];
  (part as { [member: string]: unknown })[name] = value;
  return plan;
});

describe('whatever is sent', () => {
  it('is answered, and never as a fault of ours', async () => {
    const body = fc.oneof(
      anything,
      almost,
      almost.map((plan) => ({ plan, input: { topic: 'heat pumps' } })),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...posts), body, async (url, payload) => {
        const headers = { ...bearer(key), 'content-type': 'application/json' };
        const response = await api.app.inject({
          method: 'POST',
          url,
          headers,
          payload: JSON.stringify(payload),
        });
        expect([url, response.statusCode, response.body]).toEqual([
          url,
          expect.any(Number),
          expect.any(String),
        ]);
        expect(response.statusCode).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
  }, 120_000);

  it('is answered where it is no JSON and no text at all', async () => {
    const types = [
      'application/json',
      'application/yaml',
      'text/plain',
      'application/json; charset=utf-8',
      '',
    ];
    const bytes = fc.uint8Array({ maxLength: 200 }).map((part) => Buffer.from(part));
    const text = fc.string().map((part) => Buffer.from(part));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...posts),
        fc.constantFrom(...types),
        fc.oneof(bytes, text),
        async (url, type, payload) => {
          const headers = { ...bearer(key), 'content-type': type };
          expect((await api.app.inject({ method: 'POST', url, headers, payload })).statusCode).toBeLessThan(
            500,
          );
        },
      ),
      { numRuns: 300 },
    );
  }, 120_000);

  it('is answered in the address too', async () => {
    const pair = fc.tuple(
      fc.oneof(
        fc.constantFrom('status', 'plan', 'label', 'from', 'to', 'q', 'limit', 'cursor', 'kind', 'runId'),
        fc.string(),
      ),
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.base64String(), fc.integer().map(String)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...gets), fc.array(pair, { maxLength: 4 }), async (path, pairs) => {
        const query = new URLSearchParams(pairs).toString();
        const response = await api.app.inject({ url: `${path}?${query}`, headers: bearer(key) });
        expect(response.statusCode).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
