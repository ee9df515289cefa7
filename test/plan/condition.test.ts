import type { Condition } from '../../src/contract/plan';
import { evaluateCondition, parseCondition } from '../../src/plan/condition';

const names = {
  input: {
    tier: 'premium',
    size: 20_001,
    flag: true,
    none: null,
    tags: ['a', 'b'],
    document: { pages: [1, 2], 'odd name': 1 },
  },
  'steps.draft': { output: { score: 8 }, status: 'completed', decision: null },
};

describe('a condition', () => {
  it.each<[Condition, boolean]>([
    [true, true],
    ['input.size > 20000 and input.tier == "premium"', true],
    ["input.size >= 20001 and input.tier != 'basic'", true],
    ['input.size < 3 or input.flag', true],
    ['input.size < 3 or not input.flag', false],
    ['not input.size < 3', true],
    ['not not input.flag', true],
    ['input.flag', true],
    ['input.none == null', true],
    ['input.tags contains "b"', true],
    ['input.tags contains "c"', false],
    ['input.tier contains "rem"', true],
    ['"abc" < "abd"', true],
    ['-1.5e1 <= -15', true],
    ['steps.draft.output.score >= 8', true],
    ['input.document.pages[1] == 2', true],
    ['input.document["odd name"] == 1', true],
    ['input.tags.size == 2 and input.tags.first == "a" and input.tags.last == "b"', true],
    ['input.document.pages == input.document.pages', true],
    ['input.tier == "it\\"s"', false],
    ['error == null', true],
    ['error.code == null', true],
    [{ all: ['input.flag', { any: [false, 'input.size > 1'] }, { not: 'input.size > 99999' }] }, true],
    [{ any: [{ all: [true, false] }, { not: true }] }, false],
  ])('%j is %s', (condition, expected) => {
    expect(evaluateCondition(condition, names)).toBe(expected);
  });

  it.each<[string, string]>([
    ['', 'ends where a value should stand'],
    ['input.flag and', 'ends where a value should stand'],
    ['input.size > 3 banana', 'has banana at character 16 where nothing more should stand'],
    ['input.size > 3 4', 'where nothing more should stand'],
    ['input.a == 1 and input.b == 2 or input.c', 'mixes and with or'],
    ['{{ input.flag }}', 'without {{ and }} around them'],
    ['input.a = 1', 'has = at character 9'],
    ['(input.a)', 'has ( at character 1'],
    ['1 == 2 == 3', 'where nothing more should stand'],
    ['input.a == "open', 'has " at character 12'],
    ['and input.a', 'has and at character 1 where a value should stand'],
    ['3abc == 1', 'at character'],
  ])('must parse to its last character: %s', (condition, message) => {
    expect(() => parseCondition(condition)).toThrow(
      expect.objectContaining({
        code: 'invalid_condition',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it.each<[string, string]>([
    ['input.tier', 'input.tier is a string, not true or false'],
    ['input.none', 'is null, not true or false'],
    ['input.size > "3"', '> takes two numbers or two strings, not a number and a string'],
    ['input.none < 3', 'not null and a number'],
    ['input.size contains 2', 'contains takes a list'],
    ['input.nothing == 1', 'input.nothing is not known here'],
    ['input.constructor == 1', 'input.constructor is not known here'],
    ['input.tier.length == 1', 'is not known here'],
    ['nobody', 'nobody is not known here'],
  ])('must come to true or false: %s', (condition, message) => {
    expect(() => evaluateCondition(condition, names)).toThrow(
      expect.objectContaining({
        code: 'invalid_condition',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('looks no further than it must', () => {
    expect(evaluateCondition('input.none != null and input.none > 3', names)).toBe(false);
    expect(evaluateCondition({ any: ['input.flag', 'input.none > 3'] }, names)).toBe(true);
  });

  it('is read in time that grows with its length alone', () => {
    const before = Date.now();
    expect(() => parseCondition(`"${'\\'.repeat(4000)}`)).toThrow();
    expect(() => parseCondition(`a${'.b'.repeat(2000)}!`)).toThrow();
    expect(() => parseCondition('not '.repeat(1000))).toThrow();
    expect(Date.now() - before).toBeLessThan(5000);
  });
});
