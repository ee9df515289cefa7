import { parsePlanText } from '../../src/plan/parse';
import type { Parsed } from '../../src/plan/parsed';

function problems(parsed: Parsed): string[] {
  if (parsed.type === 'parsed') return [];
  return parsed.errors.map(
    ({ code, message, line, column }) => `${code} ${String(line)}:${String(column)} ${message}`,
  );
}

describe("a plan's text", () => {
  it('is YAML 1.2 core or JSON', () => {
    const yaml = parsePlanText('a: yes\nb: 0o10\nc: ~\nd: [1, 2]\n', 'yaml');
    expect(yaml).toMatchObject({ type: 'parsed', json: { a: 'yes', b: 8, c: null, d: [1, 2] } });
    expect(parsePlanText('{"a":1}', 'json')).toMatchObject({ type: 'parsed', json: { a: 1 } });
  });

  it('says where each value stands', () => {
    const parsed = parsePlanText('name: x\nflow:\n  steps:\n    - type: set\n      value: 1\n', 'yaml');
    if (parsed.type === 'malformed') throw new Error('malformed');
    expect(parsed.locate('/flow/steps/0/value')).toEqual({ line: 5, column: 14 });
    expect(parsed.locate('/flow/steps/0/missing/far')).toEqual({ line: 4, column: 7 });
    expect(parsed.locate('')).toEqual({ line: 1, column: 1 });
    const json = parsePlanText('{}', 'json');
    expect(json.type === 'parsed' && json.locate('')).toBeNull();
  });

  it('keeps the version 1.0 a number, for validation to say what is wrong with it', () => {
    expect(parsePlanText('version: 1.0', 'yaml')).toMatchObject({ json: { version: 1 } });
  });

  it('asks for quotes around every bare template', () => {
    const found = problems(parsePlanText('a: {{ input.x }}\nb:\n  - {{ y }}\nc: "{{ fine }}"\n', 'yaml'));
    expect(found).toEqual([
      'unquoted_template 1:5 {{ … }} stands here bare; put quotes around it: "{{ … }}".',
      'unquoted_template 3:6 {{ … }} stands here bare; put quotes around it: "{{ … }}".',
    ]);
    expect(problems(parsePlanText('a: {{ x }} and more\n', 'yaml'))[0]).toContain('put quotes around it');
  });

  it.each([
    ['two documents', 'a: 1\n---\nb: 2\n', 'here begins another'],
    ['no document', '# nothing\n', 'no document'],
    ['a name twice', 'a: 1\na: 2\n', 'The name "a" stands here twice'],
    ['a number and a text that are one name', 'x: { 1: a, "1": b }', 'twice'],
    ['a list of more than a plan may have', `a: [${'1,'.repeat(100_001)}]`, 'more lines and lists'],
    ['a tag', 'a: !!str 1\n', 'tag:yaml.org,2002:str is not allowed'],
    ['an unknown tag', 'a: !foo 1\n', '!foo'],
    ['an older YAML', '%YAML 1.1\n---\na: 1\n', 'YAML 1.1'],
    ['a list as a name', '? [1]\n: 2\n', 'A list is no name'],
    ['bad indentation', 'a: b\n c: d\n', 'Nested mappings'],
    ['an anchor that is not there', 'a: *x\n', 'anchor'],
    ['an anchor inside itself', 'a: &x [*x]\n', "can't be read: an anchor stands inside itself"],
    [
      'a number with too many digits',
      'a: 12345678901234567890\n',
      "12345678901234567890 can't be kept exactly",
    ],
    ['a number in hex with too many digits', 'a: 0x123456789012345678\n', "can't be kept exactly"],
    ['a number beyond all', 'a: [1e999]\n', "1e999 can't be kept exactly"],
    ['what is no number', 'a: .nan\n', ".nan can't be kept exactly"],
    ['a tab', 'a:\n\t- 1\n', 'Tabs'],
  ])('refuses %s', (_, text, message) => {
    const found = problems(parsePlanText(text, 'yaml'));
    expect(found.join('\n').toLowerCase()).toContain(message.toLowerCase());
  });

  it('refuses anchors that unfold to more than they are', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 9; level++)
      lines.push(
        `a${String(level)}: &a${String(level)} [${Array(9)
          .fill(`*a${String(level - 1)}`)
          .join(',')}]`,
      );
    expect(problems(parsePlanText(lines.join('\n'), 'yaml'))[0]).toContain('malformed_yaml');
    const large = `a: &a "${'x'.repeat(500_000)}"\nb: [*a, *a, *a, *a, *a]\n`;
    expect(problems(parsePlanText(large, 'yaml'))[0]).toContain('unfold');
  });

  it.each(['[', '[{"a":', '- '])('survives nesting without end: %s', (opening) => {
    const parsed = parsePlanText(opening.repeat(20_000), 'yaml');
    expect(problems(parsed)).toEqual([expect.stringContaining('too_deep')]);
  });

  it('keeps every name the own one of its object', () => {
    const parsed = parsePlanText('__proto__: 1\nconstructor: 2\n', 'yaml');
    expect(parsed.type === 'parsed' && JSON.stringify(parsed.json)).toBe('{"__proto__":1,"constructor":2}');
  });

  it('has at most a megabyte', () => {
    const text = `a: "${'x'.repeat(1024 * 1024)}"`;
    expect(problems(parsePlanText(text, 'yaml'))[0]).toContain('payload_too_large');
    expect(problems(parsePlanText(JSON.stringify(text), 'json'))[0]).toContain('payload_too_large');
  });

  it('says what is wrong with JSON', () => {
    expect(problems(parsePlanText('{"a":', 'json'))[0]).toContain('malformed_json');
  });
});
