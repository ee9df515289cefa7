import { ProblemError } from '../../src/api/problem';
import { readJson } from '../../src/api/read-json';

function refusal(text: string | Buffer): { code: string; path: string | undefined } {
  try {
    readJson(typeof text === 'string' ? Buffer.from(text) : text);
  } catch (error) {
    if (error instanceof ProblemError) return { code: error.code, path: error.errors[0]?.path };
    throw error;
  }
  throw new Error('It was taken.');
}

describe('reading JSON from a request', () => {
  it('gives what JSON.parse gives where nothing is wrong', () => {
    const text = '{"a":[1,-2.5e3,true,null,{"b":"x\\"y,{[\\u00e9"}],"constructor":{},"":0}';
    expect(readJson(Buffer.from(text))).toEqual(JSON.parse(text));
    expect(readJson(Buffer.from('"{\\"a\\":1,\\"a\\":2}"'))).toBe('{"a":1,"a":2}');
  });

  it('refuses a name given twice and says where', () => {
    expect(refusal('{"a":{"b":1,"c":[{"b":1,"b":2}]}}')).toEqual({
      code: 'malformed_json',
      path: '/a/c/0/b',
    });
    expect(refusal('{"a":1,"\\u0061":2}').code).toBe('malformed_json');
  });

  it('refuses nesting beyond the limit before anything recursive sees it', () => {
    expect(readJson(Buffer.from('['.repeat(32) + ']'.repeat(32)))).toBeDefined();
    expect(refusal('['.repeat(33) + ']'.repeat(33)).code).toBe('too_deep');
    expect(refusal('[{"a":'.repeat(100_000)).code).toBe('too_deep');
  });

  it('refuses names that can not be kept', () => {
    expect(refusal('{"a":[{"__proto__":{"x":1}}]}')).toEqual({
      code: 'validation_failed',
      path: '/a/0/__proto__',
    });
    expect(refusal('{"a\\u0000":1}').code).toBe('invalid_unicode');
    expect(refusal('{"\\ud800":1}').code).toBe('invalid_unicode');
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('refuses numbers that would lose digits', () => {
    expect(refusal('{"n":9007199254740993}')).toEqual({ code: 'validation_failed', path: '/n' });
    expect(refusal('[1,1e999]')).toEqual({ code: 'validation_failed', path: '/1' });
    expect(readJson(Buffer.from('[9007199254740991,0.1,1e21]'))).toEqual([9007199254740991, 0.1, 1e21]);
  });

  it('refuses what is not JSON or not UTF-8', () => {
    for (const text of [
      '{',
      '{"a" 1}',
      "{'a':1}",
      '[1,]',
      'nul',
      '01',
      '"\u0001"',
      '{"a":1}}',
      '"\\u12"',
      '{"\\x":1}',
    ])
      expect(refusal(text).code).toBe('malformed_json');
    expect(refusal(Buffer.from([0x22, 0xff, 0x22])).code).toBe('malformed_json');
  });
});
