import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepKey } from '../../src/dev/keys';

let file: string;
beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), 'fermata-keys-')), 'api-key');
});
afterEach(() => {
  rmSync(path.dirname(file), { recursive: true, force: true });
});

test('makes a key that its owner alone can read, and keeps it', () => {
  const key = keepKey(file, 'fermata');
  expect(key).toMatch(/^fermata_[\w-]{43}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(keepKey(file, 'fermata')).toBe(key);
});

test('refuses a file that holds no key, and says what to do', () => {
  writeFileSync(file, '\n');
  expect(() => keepKey(file, 'fermata')).toThrow('holds no key; remove the file and another is made.');
});
