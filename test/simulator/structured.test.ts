import Anthropic from '@anthropic-ai/sdk';
import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { startSimulator, type TestSimulator } from '../support/simulator';

let simulator: TestSimulator;
let client: Anthropic;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new Anthropic({ apiKey: 'any', baseURL: simulator.url, maxRetries: 0, timeout: 5000 });
});
afterAll(() => simulator.close());

type Schema = Record<string, unknown>;

async function answer(schema: Schema, content = 'Assess the company Acme on heat pumps.'): Promise<unknown> {
  const message = await client.messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 4096,
    messages: [{ role: 'user', content }],
    output_config: { format: { type: 'json_schema', schema } },
  });
  const [block] = message.content;
  return JSON.parse(block?.type === 'text' ? block.text : '');
}

function fits(schema: Schema, value: unknown): string {
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  return ajv.validate(schema, value) ? 'fits' : ajv.errorsText();
}

const string = { type: 'string' };
const schemas: Record<string, Schema> = {
  'plain members': {
    type: 'object',
    required: ['name', 'score', 'count', 'ok', 'none'],
    additionalProperties: false,
    properties: {
      name: string,
      score: { type: 'number' },
      count: { type: 'integer' },
      ok: { type: 'boolean' },
      none: { type: 'null' },
    },
  },
  'bounds of numbers': {
    type: 'object',
    required: ['a', 'b', 'c', 'd', 'e'],
    properties: {
      a: { type: 'integer', minimum: 17, maximum: 19 },
      b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 },
      c: { type: 'integer', multipleOf: 7, minimum: 15 },
      d: { type: 'number', maximum: -5 },
      e: { type: 'integer', exclusiveMinimum: 3, exclusiveMaximum: 5 },
    },
  },
  'lengths, formats and patterns': {
    type: 'object',
    required: ['short', 'long', 'day', 'at', 'mail', 'link', 'id', 'code', 'version', 'choice'],
    properties: {
      short: { type: 'string', maxLength: 3 },
      long: { type: 'string', minLength: 400, maxLength: 410 },
      day: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      mail: { type: 'string', format: 'email' },
      link: { type: 'string', format: 'uri' },
      id: { type: 'string', format: 'uuid' },
      code: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}$' },
      version: { type: 'string', pattern: '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$' },
      choice: { type: 'string', pattern: '^(?:red|green)\\s[^a-z]?$' },
    },
  },
  'lists and what is in them': {
    type: 'object',
    required: ['three', 'none', 'pair', 'tags'],
    properties: {
      three: {
        type: 'array',
        items: { type: 'object', required: ['x'], properties: { x: string } },
        minItems: 5,
      },
      none: { type: 'array', items: string, maxItems: 0 },
      pair: { type: 'array', prefixItems: [string, { type: 'integer' }], minItems: 2, maxItems: 2 },
      tags: { type: 'array', items: string, uniqueItems: true },
    },
  },
  'references, alternatives and compositions': {
    type: 'object',
    required: ['tree', 'either', 'both', 'maybe', 'fixed', 'kind'],
    properties: {
      tree: { $ref: '#/$defs/node' },
      either: {
        anyOf: [
          { type: 'null' },
          { type: 'object', required: ['y'], properties: { y: { type: 'integer' } } },
        ],
      },
      both: {
        allOf: [
          { type: 'object', required: ['p'], properties: { p: string } },
          { type: 'object', required: ['q'], properties: { q: string } },
        ],
      },
      maybe: { type: ['null', 'string'] },
      fixed: { const: 'always' },
      kind: { enum: ['boiler', 'pump', 7, null] },
    },
    $defs: {
      node: {
        type: 'object',
        required: ['label'],
        properties: { label: string, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
      },
    },
  },
  'a list at the root': { type: 'array', items: { type: 'number', minimum: 2 }, minItems: 1 },
  'a string at the root': { type: 'string', minLength: 1 },
};

describe('a structured answer of the simulated vendor', () => {
  test.each(Object.keys(schemas))('fits %s', async (name) => {
    const schema = schemas[name] ?? {};
    expect(fits(schema, await answer(schema))).toBe('fits');
  });

  // The SDK leaves out what the vendor does not enforce and says it in the description instead.
  test.each(Object.keys(schemas))('fits %s also in the form that the SDK sends', async (name) => {
    const schema = schemas[name] ?? {};
    expect(fits(schema, await answer(transformJSONSchema(schema)))).toBe('fits');
  });

  test('comes to an end where a schema can never be fitted', async () => {
    const node = { type: 'object', required: ['next'], properties: { next: { $ref: '#/$defs/node' } } };
    expect(await answer({ ...node, $defs: { node } })).toHaveProperty('next.next.next');
    expect(await answer({ type: 'array', items: { type: 'integer' }, minItems: 1e9 })).toHaveLength(500);
    expect(await answer({ type: 'string', pattern: '('.repeat(5000) })).toEqual(expect.any(String));
  });

  test('fits a schema that is given in words', async () => {
    const message = await client.messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 4096,
      system:
        'Answer with JSON alone, by this JSON Schema: {"required":["a"],"properties":{"a":{"type":"integer"}}}',
      messages: [{ role: 'user', content: 'x' }],
    });
    const [block] = message.content;
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ a: 5 });
  });

  test('takes labels, names and figures from the prompt', async () => {
    const properties = {
      route: { enum: ['billing', 'technical', 'sales'] },
      company: string,
      employees: { type: 'integer' },
    };
    const prompt =
      'Classify.\n\n<data name="item" id="k1">{"company":"Globex","employees":41}</data id="k1"> A technical fault.';
    const value = await answer({ type: 'object', required: Object.keys(properties), properties }, prompt);
    expect(value).toEqual({ route: 'technical', company: 'Globex', employees: 41 });
  });
});

const decision = {
  type: 'object',
  required: ['approved', 'issues'],
  additionalProperties: false,
  properties: { approved: { type: 'boolean' }, issues: { type: 'array', items: string } },
};
const review = (text: string, more = '') =>
  `Review it.\n\n<data name="text" id="k1">\n${text}\n</data id="k1">${more}`;

describe('the simulated reviewer', () => {
  test('approves a text without visible defects at the first asking', async () => {
    expect(await answer(decision, review('Heat pumps are quiet. A todo list follows.'))).toEqual({
      approved: true,
      issues: [],
    });
  });

  test('names what is visibly unfinished, and approves once it has been revised', async () => {
    const draft = '# Notes\n\n*Simulated answer: x.*\n\nSeats: TBD. Released on TBD by ???.';
    const first = (await answer(decision, review(draft))) as { approved: boolean; issues: string[] };
    expect(first).toEqual({
      approved: false,
      issues: [
        'The text still contains the placeholder "TBD".',
        'The text still contains the placeholder "???".',
      ],
    });
    const revised = await client.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 4096,
      messages: [
        {
          role: 'user',
          content: `Mend it.\n\n<data name="previous" id="k1">${draft}</data id="k1">\n\n<data name="issues" id="k2">${JSON.stringify(first.issues)}</data id="k2">`,
        },
      ],
    });
    const [block] = revised.content;
    const text = block?.type === 'text' ? block.text : '';
    expect(text).not.toMatch(/TBD|\?\?\?/);
    expect(text.match(/Simulated answer/g)).toHaveLength(1);
    expect(
      await answer(
        decision,
        review(text, '\n\n<data name="criteria" id="k2">No TODO, no TBD.</data id="k2">'),
      ),
    ).toEqual({
      approved: true,
      issues: [],
    });
  });

  test('is not misled by criteria that name a defect', async () => {
    const asked = review(
      'All is said.',
      '\n\n<data name="criteria" id="k2">There is no TODO left.</data id="k2">',
    );
    expect(await answer(decision, asked)).toEqual({ approved: true, issues: [] });
  });

  test('gives a revised text a higher score', async () => {
    const schema = {
      type: 'object',
      required: ['score'],
      properties: { score: { type: 'integer', minimum: 1, maximum: 10 } },
    };
    const scores = [];
    for (const remark of [
      'Simulated answer: x',
      'Simulated answer, revision 1: x',
      'Simulated answer, revision 2: x',
    ])
      scores.push(((await answer(schema, review(remark))) as { score: number }).score);
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    expect(new Set(scores).size).toBe(3);
  });
});
