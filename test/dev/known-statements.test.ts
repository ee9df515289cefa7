import { rememberStatements } from '../../src/dev/postgres/known-statements';

/** A message of the wire protocol: a letter, its length, its body. */
function message(code: string, body = ''): Buffer {
  const whole = Buffer.from(`${code}\0\0\0\0${body}`, 'latin1');
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}
const serialize = {
  parse: ({ name = '', text }: { name?: string; text: string }) => message('P', `${name}\0${text}\0\0\0`),
  bind: ({ statement = '' } = {}) => message('B', `\0${statement}\0\0\0\0\x01\0\0\0\x011\0\0`),
  describe: (type: 'P' | 'S') => message('D', `${type}\0`),
  execute: () => message('E', '\0\0\0\0\0'),
  sync: () => message('S'),
  close: (name: string) => message('C', `S${name}\0`),
};

const query = (text: string, describe: 'P' | 'S' = 'P') => [
  serialize.parse({ text }),
  serialize.bind(),
  serialize.describe(describe),
  serialize.execute(),
  serialize.sync(),
];
const codes = (messages: readonly Uint8Array[]) =>
  messages.map(([code = 0]) => String.fromCharCode(code)).join('');
const text = (messages: readonly Uint8Array[]) => Buffer.concat(messages).toString('latin1');

test('a text is parsed once, under a name that its later uses are bound to', () => {
  const statements = rememberStatements();
  const first = statements.rewrite(query('SELECT $1'));
  expect(codes(first?.messages ?? [])).toBe('PBDES');
  expect(first?.before).toHaveLength(0);
  expect(first?.ended(true)).toEqual([]);
  const second = statements.rewrite(query('SELECT $1'));
  expect(codes(second?.messages ?? [])).toBe('BDES');
  expect(Buffer.from(second?.before ?? []).toString('latin1')).toBe('1\0\0\0\x04');
  const [parse, bind] = first?.messages ?? [];
  expect(parse).toEqual(serialize.parse({ name: 'known_1', text: 'SELECT $1' }));
  expect(bind).toEqual(serialize.bind({ statement: 'known_1' }));
  expect(second?.messages[0]).toEqual(bind);
});

test('a statement that was refused is parsed again', () => {
  const statements = rememberStatements();
  statements.rewrite(query('SELECT $1'))?.ended(false);
  const again = statements.rewrite(query('SELECT $1'));
  expect(codes(again?.messages ?? [])).toBe('PBDES');
  again?.ended(true);
  expect(text(statements.rewrite(query('SELECT $1'))?.ended(false) ?? [])).toContain('known_2');
  expect(codes(statements.rewrite(query('SELECT $1'))?.messages ?? [])).toBe('PBDES');
});

test('a plan is made anew after a minute, and the old one is closed', () => {
  let now = 0;
  const statements = rememberStatements(() => now);
  statements.rewrite(query('SELECT $1'))?.ended(true);
  now = 59_000;
  expect(codes(statements.rewrite(query('SELECT $1'))?.messages ?? [])).toBe('BDES');
  now = 61_000;
  const renewed = statements.rewrite(query('SELECT $1'));
  expect(codes(renewed?.messages ?? [])).toBe('PBDES');
  expect(renewed?.ended(true)).toEqual([serialize.close('known_1')]);
});

test('what is more than one unnamed statement is left as it is', () => {
  const statements = rememberStatements();
  const [parse, bind, describe, execute, sync] = query('SELECT $1') as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  expect(statements.rewrite([sync])).toBeNull();
  expect(statements.rewrite(query('SELECT $1', 'S'))).toBeNull();
  expect(
    statements.rewrite([serialize.parse({ name: 'own', text: 'SELECT 1' }), bind, execute, sync]),
  ).toBeNull();
  expect(statements.rewrite([parse, serialize.bind({ statement: 'own' }), execute, sync])).toBeNull();
  expect(statements.rewrite([parse, bind, describe, execute, parse, bind, execute, sync])).toBeNull();
});
