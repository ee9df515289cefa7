import fc from 'fast-check';
import type { Json } from '../../src/contract/value';
import { evaluateDeep, evaluateTemplate, withDeclaredNulls } from '../../src/plan/template';

const names = {
  input: { topic: 'heat pumps', count: 3, none: null, list: ['a', 'b'], document: { size: 7 } },
  previous: 'text',
  'steps.draft': { output: { title: 'T' }, status: 'completed', decision: null },
  'steps.sign-off': { output: 'ok', status: 'completed', decision: null },
};

describe('a template', () => {
  it('that is one whole expression keeps the type of its value', () => {
    expect(evaluateTemplate('{{ input.count }}', names)).toBe(3);
    expect(evaluateTemplate('{{input.list}}', names)).toEqual(['a', 'b']);
    expect(evaluateTemplate(' {{- steps.draft.output -}}\n', names)).toEqual({ title: 'T' });
    expect(evaluateTemplate('{{ input.none }}', names)).toBeNull();
    expect(evaluateTemplate('{{ input.list | first }}', names)).toBe('a');
    expect(evaluateTemplate('{{ input.count == 3 }}', names)).toBe(true);
    expect(evaluateTemplate('{{ steps.sign-off.output }}', names)).toBe('ok');
  });

  it('in a text shows objects and lists as JSON, null as null', () => {
    expect(
      evaluateTemplate('{{ input.list }} {{ steps.draft.output }} {{ input.none }} {{ input.count }}', names),
    ).toBe('["a","b"] {"title":"T"} null 3');
    expect(evaluateTemplate('{% for x in input.list %}<{{ x }}>{% endfor %}', names)).toBe('<a><b>');
  });

  it('is left as it is where there is nothing to work out', () => {
    expect(evaluateTemplate(' plain { text } }} \n', names)).toBe(' plain { text } }} \n');
  });

  it('reads names of its position as null until there is one', () => {
    expect(evaluateTemplate('{{ feedback }}{{ issues }}{{ comment }}{{ error }}', {})).toBe(
      'nullnullnullnull',
    );
    expect(evaluateTemplate('{{ error.code }}', {})).toBeNull();
  });

  it.each([
    ['{{ nobody }}', 'nobody is not known here (line 1, column 4 of the template)'],
    ['a\n{{ input.nothing }}', 'input.nothing is not known here (line 2, column 4 of the template)'],
    ['{{ input.constructor }}', 'input.constructor is not known here'],
    ['{{ input.topic.constructor }}', 'input.topic.constructor is not known here'],
    ['{{ constructor }}', 'constructor is not known here'],
    ['{{ input.list[9] }}', 'is not known here'],
    ['{{ input.count | divided_by: 0 }}', 'the value is not a number'],
    ['{{ "now" | date: "%Y" }}', 'date takes a time with its zone'],
    ['{% if input.nothing %}x{% endif %}', 'input.nothing is not known here'],
  ])('fails clearly: %s', (template, message) => {
    expect(() => evaluateTemplate(template, names)).toThrow(
      expect.objectContaining({
        code: 'invalid_template',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('renders times in UTC wherever it runs', () => {
    const run = { id: 'r', startedAt: '2026-11-20T23:30:00Z' };
    expect(evaluateTemplate('{{ run.startedAt | date: "%Y-%m-%d %H:%M" }}', { run })).toBe(
      '2026-11-20 23:30',
    );
  });

  it('is bounded in time, in memory and in length', () => {
    const before = Date.now();
    const loops =
      '{% for a in (1..9000) %}{% for b in (1..9000) %}{% assign x = b %}{% endfor %}{% endfor %}';
    expect(() => evaluateTemplate(`${loops}{{ input }}`, names)).toThrow('limit exceeded');
    expect(() => evaluateTemplate('{% for a in (1..999999999) %}{% endfor %}', names)).toThrow(
      'limit exceeded',
    );
    expect(() => evaluateTemplate(`{% for a in (1..100) %}${'x'.repeat(60_000)}{% endfor %}`, names)).toThrow(
      'longer than',
    );
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it('never expands what comes from outside', () => {
    const bait = '{{ input.secret }}{% assign x = 1 %}';
    expect(evaluateTemplate('a {{ previous }} b', { previous: bait })).toBe(`a ${bait} b`);
    expect(evaluateTemplate('{{ previous }}', { previous: bait })).toBe(bait);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(evaluateTemplate('{{ previous }}', { previous: text })).toBe(text);
        expect(evaluateTemplate('<{{ previous }}>', { previous: text })).toBe(`<${text}>`);
      }),
    );
  });

  it('gives any JSON back as it went in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(evaluateTemplate('{{ input }}', { input: json })).toEqual(json);
      }),
    );
  });
});

describe('a value with templates in it', () => {
  it('has each string worked out, names of members left alone', () => {
    expect(
      evaluateDeep({ '{{ a }}': ['{{ input.count }}', 1, null, { deep: 'n = {{ input.count }}' }] }, names),
    ).toEqual({
      '{{ a }}': [3, 1, null, { deep: 'n = 3' }],
    });
  });

  it('may have members of any name', () => {
    const odd = JSON.parse('{"__proto__":"{{ input.count }}","constructor":"x"}') as Json;
    expect(JSON.stringify(evaluateDeep(odd, names))).toBe('{"__proto__":3,"constructor":"x"}');
  });
});

describe('properties that a schema declares', () => {
  it('are null where the input lacks them, at any depth', () => {
    const schema = {
      properties: {
        a: {},
        b: { properties: { c: {} } },
        d: { items: { properties: { e: {} } } },
        f: { $ref: '#/$defs/f' },
      },
      allOf: [{ properties: { g: {} } }],
      $defs: { f: { properties: { h: {} } } },
    };
    expect(withDeclaredNulls(schema, { b: {}, d: [{}, { e: 1 }], f: {}, z: 1 })).toEqual({
      a: null,
      b: { c: null },
      d: [{ e: null }, { e: 1 }],
      f: { h: null },
      g: null,
      z: 1,
    });
    expect(withDeclaredNulls(schema, {})).toEqual({ a: null, b: null, d: null, f: null, g: null });
  });

  it('leave an input that is no object as it is', () => {
    expect(withDeclaredNulls({ properties: { a: {} } }, 'text')).toBe('text');
    expect(withDeclaredNulls(undefined, { a: 1 })).toEqual({ a: 1 });
    expect(withDeclaredNulls(true, [1])).toEqual([1]);
    expect(withDeclaredNulls({ $ref: '#' }, 1)).toBe(1);
  });
});
