import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readInput, readLabels } from '../../src/cli/input';

describe('the input of a run', () => {
  it('takes values that are JSON as JSON, and anything else as text', () => {
    const settings = [
      'n=3',
      'yes=true',
      'none=null',
      'list=[1,2]',
      'fields={"a":1}',
      'text=heat pumps',
      'year="2026"',
      'open="x',
      'plus=007',
      'empty=',
    ];
    expect(readInput(undefined, settings)).toEqual({
      ...{ n: 3, yes: true, none: null, list: [1, 2], fields: { a: 1 } },
      ...{ text: 'heat pumps', year: '2026', open: '"x', plus: '007', empty: '' },
    });
  });

  it('sets fields inside fields, over what --input has', () => {
    expect(readInput('{"a":{"b":1,"c":2}}', ['a.b=9', 'd.e.f=x'])).toEqual({
      a: { b: 9, c: 2 },
      d: { e: { f: 'x' } },
    });
  });

  it('sets fields inside one that was set before, and beside one that begins alike', () => {
    expect(readInput(undefined, ['a={"b":1}', 'a.c=2', 'aa=3'])).toEqual({ a: { b: 1, c: 2 }, aa: 3 });
  });

  it('keeps an equals sign in the value', () => {
    expect(readInput(undefined, ['formula=a=b'])).toEqual({ formula: 'a=b' });
  });

  it('sends a field called __proto__ on as one, for the service to refuse', () => {
    expect(JSON.stringify(readInput(undefined, ['__proto__.admin=true']))).toBe(
      '{"__proto__":{"admin":true}}',
    );
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('reads a file of JSON or YAML', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fermata-test-'));
    const file = join(folder, 'input.yaml');
    writeFileSync(file, 'topic: heat pumps\ncount: 2\n');
    expect(readInput(`@${file}`, ['count=3'])).toEqual({ topic: 'heat pumps', count: 3 });
    rmSync(folder, { recursive: true });
  });

  it('refuses a file in another encoding, and keeps what one in UTF-8 has', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fermata-test-'));
    const file = join(folder, 'input.yaml');
    writeFileSync(file, Buffer.from('topic: chauff\xe9\n', 'latin1'));
    expect(() => readInput(`@${file}`, [])).toThrow(`${file} is not in UTF-8.`);
    writeFileSync(file, 'topic: chauffé\n');
    expect(readInput(`@${file}`, [])).toEqual({ topic: 'chauffé' });
    rmSync(folder, { recursive: true });
  });

  it.each([
    [['topic'], '--set topic: write it as name=value.'],
    [['a=1', 'a.b=2'], '--set a.b=2: a is no object that could have fields.'],
    [['a.b=1', 'a=2'], '--set a=2: this would undo --set a.b=1.'],
    [['a.b.c=1', 'x=1', 'a.b={}'], '--set a.b={}: this would undo --set a.b.c=1.'],
    [['a=1', 'a=2'], '--set a=2: this would undo --set a=1.'],
  ])('refuses %j in one line', (settings, message) => {
    expect(() => readInput(undefined, settings)).toThrow(message);
  });

  it.each([
    ['{"a":1,"a":2}', '--input: /a is given twice in one object.'],
    ['{"n":1e400}', "--input: /n 1e400 can't be kept exactly."],
    ['{"n":1e-400}', "--input: /n 1e-400 can't be kept exactly."],
    ['12345678901234567890', "--input: 12345678901234567890 can't be kept exactly."],
  ])('refuses an --input that would be changed on its way: %s', (input, message) => {
    expect(() => readInput(input, [])).toThrow(message);
  });

  it('refuses a --set and a file with a number that would be changed on its way', () => {
    expect(() => readInput(undefined, ['n=9007199254740993'])).toThrow(
      "--set n=9007199254740993: 9007199254740993 can't be kept exactly.",
    );
    const folder = mkdtempSync(join(tmpdir(), 'fermata-test-'));
    const file = join(folder, 'input.yaml');
    for (const number of ['1e400', '.inf', '12345678901234567890']) {
      writeFileSync(file, `list: [{ n: ${number} }]\n`);
      expect(() => readInput(`@${file}`, [])).toThrow(
        `${file} has a number that can't be kept exactly, near `,
      );
    }
    writeFileSync(file, 'n: [1.5, -0, 9007199254740991, 1e300]\n');
    expect(readInput(`@${file}`, [])).toEqual({ n: [1.5, -0, 9007199254740991, 1e300] });
    rmSync(folder, { recursive: true });
  });

  it('refuses an --input that is no JSON and names how a file is written', () => {
    expect(() => readInput('input.json', [])).toThrow(/^--input is not valid JSON: .*--input @file\.$/);
    expect(() => readInput('@/no/such/file', [])).toThrow('There is no file /no/such/file.');
  });

  it('reads labels as names and texts', () => {
    expect(readLabels(['team=growth', 'team.n=1'])).toEqual({ team: 'growth', 'team.n': '1' });
    expect(readLabels(['team.n=1', 'team=growth'])).toEqual({ team: 'growth', 'team.n': '1' });
    expect(() => readLabels(['n=1', 'n=2'])).toThrow('--label n=2: this would undo --label n=1.');
  });
});
