import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { checkSchema, validateJson } from '../../src/plan/json-schema';
import type { Json } from '../../src/contract/value';
import { projectFolder } from '../support/part';

/** A process that finds a check which takes a while, though far from too long, and does it again when told. */
const checkWhenTold = `
  const { validateJson } = require(${JSON.stringify(path.join(projectFolder, 'dist', 'plan', 'json-schema.js'))});
  const schema = { type: 'array', uniqueItems: true, items: { type: ['object', 'array', 'number'] } };
  void (async () => {
    let value = [];
    for (let took = 0, size = 500; took < 50; size *= 1.4) {
      value = Array.from({ length: size }, (_, index) => ({ index }));
      const before = Date.now();
      await validateJson(schema, value);
      took = Date.now() - before;
    }
    console.log('ready');
    process.stdin.once('data', async () => {
      const checked = validateJson(schema, value).catch(({ code }) => code);
      setImmediate(() => console.log('checking'));
      console.log(JSON.stringify(await checked));
    });
  })();
`;

describe('schemas', () => {
  it('finds nothing wrong with a schema and a value that fit', async () => {
    const schema = {
      type: 'object',
      required: ['topic'],
      properties: { topic: { type: 'string', minLength: 3 } },
    };
    expect(await checkSchema(schema)).toEqual([]);
    expect(await validateJson(schema, { topic: 'heat pumps' })).toEqual([]);
  });

  it('names every misfit with a pointer into the value', async () => {
    const schema = {
      type: 'object',
      required: ['topic'],
      additionalProperties: false,
      properties: { topic: { type: 'string' }, tier: { enum: ['a', 'b'] } },
    };
    expect(await validateJson(schema, { tier: 'c', 'e/x': 1 })).toEqual([
      { path: '', message: "must have required property 'topic'" },
      { path: '/e~1x', message: 'is not a property here' },
      { path: '/tier', message: 'must be equal to one of the allowed values: ["a","b"]' },
    ]);
  });

  it('says where a schema is wrong', async () => {
    expect(await checkSchema({ type: 'objekt' })).toEqual(
      expect.arrayContaining([expect.objectContaining({ path: '/type', code: 'invalid_schema' })]),
    );
    const [unknown] = await checkSchema({ type: 'string', minLenght: 3 });
    expect(unknown?.message).toContain('minLenght');
    const [reference] = await checkSchema({ $ref: 'https://elsewhere.example/schema' });
    expect(reference?.message).toContain("can't resolve reference https://elsewhere.example/schema");
    const [format] = await checkSchema({ type: 'string', format: 'telephone' });
    expect(format?.message).toContain('telephone');
  });

  it('refuses a pattern that the regular expression engine can not bound', async () => {
    const [found] = await checkSchema({ type: 'string', pattern: '(a)\\1' });
    expect(found).toMatchObject({ code: 'invalid_schema' });
    expect(found?.message).toContain('\\1');
  });

  it('answers at once where a backtracking engine would take for ever', async () => {
    const schema = { type: 'string', pattern: '^(a|a)*$' };
    const before = Date.now();
    expect(await validateJson(schema, `${'a'.repeat(40)}!`)).toHaveLength(1);
    expect(await validateJson(schema, 'a'.repeat(40))).toEqual([]);
    expect(Date.now() - before).toBeLessThan(2000);
  });

  it('reads patterns as JavaScript writes them', async () => {
    const schema = { type: 'string', pattern: '^[\\u00e0-\\u00ff\\w]+$' };
    expect(await validateJson(schema, 'été_1')).toEqual([]);
    expect(await validateJson(schema, 'no way')).toHaveLength(1);
  });

  it('ends a job that takes too long and serves the next', async () => {
    const endless: Json = {
      type: 'array',
      uniqueItems: true,
      items: { type: ['object', 'array', 'number'] },
    };
    const value = Array.from({ length: 60_000 }, (_, index) => ({ index }));
    await expect(validateJson(endless, value)).rejects.toMatchObject({ code: 'schema_timeout' });
    expect(await validateJson({ type: 'number' }, 1)).toEqual([]);
  });

  it('calls no check too slow that the machine kept waiting', async () => {
    const checker = spawn(process.execPath, ['-e', checkWhenTold], { stdio: ['pipe', 'pipe', 'inherit'] });
    const told = createInterface({ input: checker.stdout })[Symbol.asyncIterator]();
    const next = async () => (await told.next()).value as unknown;
    try {
      expect(await next()).toBe('ready');
      checker.stdin.write('check\n');
      expect(await next()).toBe('checking');
      checker.kill('SIGSTOP');
      await setTimeout(1000);
      checker.kill('SIGCONT');
      expect(await next()).toBe('[]');
    } finally {
      checker.kill('SIGKILL');
    }
  });

  it('does not block the thread that asks', async () => {
    const value = Array.from({ length: 60_000 }, (_, index) => ({ index }));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await validateJson({ uniqueItems: true }, value).catch(() => undefined);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });

  it('survives a schema that refers to itself without end', async () => {
    // Out of stack, or on a busy machine out of time before that.
    const code = expect.stringMatching(/^(invalid_schema|schema_timeout)$/) as string;
    await expect(validateJson({ $ref: '#' }, 1)).rejects.toMatchObject({ code });
    expect(await validateJson({ type: 'number' }, 'x')).toHaveLength(1);
  });

  it('refuses a schema that is nested too deeply or too long', async () => {
    let deep: Json = true;
    for (let level = 0; level < 5000; level++) deep = { not: deep };
    expect(await checkSchema(deep)).toMatchObject([{ code: 'invalid_schema' }]);
    expect(await checkSchema({ enum: ['x'.repeat(300_000)] })).toMatchObject([{ code: 'invalid_schema' }]);
  });

  it('keeps names apart from what every object inherits', async () => {
    const schema = {
      type: 'object',
      required: ['constructor'],
      properties: { toString: { type: 'string' } },
    };
    expect(await validateJson(schema, {})).toHaveLength(1);
    expect(await validateJson(schema, { constructor: 1 })).toEqual([]);
  });

  it('lets two schemas bear the same id', async () => {
    const id = 'https://example.com/a';
    expect(await validateJson({ $id: id, type: 'string' }, 'x')).toEqual([]);
    expect(await validateJson({ $id: id, type: 'number' }, 1)).toEqual([]);
  });

  it('takes the schema that says which draft it is of', async () => {
    const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'string' };
    expect(await validateJson(schema, 'x')).toEqual([]);
  });

  it('answers many at once, each its own', async () => {
    const values = Array.from({ length: 50 }, (_, index) => index);
    const answers = await Promise.all(values.map((value) => validateJson({ maximum: 24 }, value)));
    expect(answers.map((faults) => faults.length)).toEqual(values.map((value) => (value > 24 ? 1 : 0)));
  });
});

test.each([
  [{ $ref: '#' }, ''],
  [
    { type: 'object', properties: { a: { anyOf: [{ type: 'null' }, { $ref: '#/properties/a' }] } } },
    '/properties/a',
  ],
  [
    { $ref: '#/$defs/a%62', $defs: { ab: { $ref: '#/$defs/c' }, c: { allOf: [{ $ref: '#/$defs/ab' }] } } },
    '',
  ],
  [{ properties: { $ref: { $ref: '#/properties/$ref' } } }, '/properties/$ref'],
  [{ items: { $id: 'https://example.com/a', not: { $ref: '#' } } }, '/items'],
])('refuses a schema that would judge the same value without end: %j', async (schema, path) => {
  expect(await checkSchema(schema)).toEqual([
    {
      path,
      code: 'invalid_schema',
      message: expect.stringMatching(/^refers back to itself .+\.$/) as string,
    },
  ]);
});

test.each([
  [{ minimum: 5, maximum: 3 }, '/minimum', 'minimum 5 is more than maximum 3.'],
  [
    { exclusiveMinimum: 1, exclusiveMaximum: 0.5 },
    '/exclusiveMinimum',
    'exclusiveMinimum 1 is more than exclusiveMaximum 0.5.',
  ],
  [{ items: { minLength: 5, maxLength: 1 } }, '/items/minLength', 'minLength 5 is more than maxLength 1.'],
  [
    { allOf: [true, { minItems: 2, maxItems: 0 }] },
    '/allOf/1/minItems',
    'minItems 2 is more than maxItems 0.',
  ],
  [
    { properties: { const: { minProperties: 2, maxProperties: 1 } } },
    '/properties/const/minProperties',
    'minProperties 2 is more than maxProperties 1.',
  ],
])('refuses bounds between which nothing fits: %j', async (schema, path, message) => {
  expect(await checkSchema(schema)).toEqual([{ path, code: 'invalid_schema', message }]);
});

test('takes bounds that meet, and those that are values', async () => {
  const value = { minimum: 2, maximum: 1 };
  const schema = { minLength: 3, maxLength: 3, minimum: 1, const: value, enum: [value], default: value };
  expect(await checkSchema(schema)).toEqual([]);
  expect(await checkSchema({ properties: { minimum: { type: 'number' }, maximum: true } })).toEqual([]);
  expect(await checkSchema({ $ref: '#/default', default: value })).toEqual([]);
});

test('lets a schema name itself', async () => {
  const tree = { type: 'object', properties: { child: { $ref: '#' } }, additionalProperties: false };
  expect(await checkSchema(tree)).toEqual([]);
  expect(await validateJson(tree, { child: { child: {} } })).toEqual([]);
  expect(await validateJson(tree, { child: { leaf: 1 } })).toMatchObject([{ path: '/child/leaf' }]);
});

test('lets schemas name each other for parts of a value', async () => {
  const list = { anyOf: [{ type: 'null' }, { $ref: '#/$defs/pair' }] };
  const pair = { type: 'array', prefixItems: [true, { $ref: '#/$defs/list' }], items: false };
  const schema = { $ref: '#/$defs/list', $defs: { list, pair } };
  expect(await checkSchema(schema)).toEqual([]);
  expect(await validateJson(schema, [1, [2, null]])).toEqual([]);
});
