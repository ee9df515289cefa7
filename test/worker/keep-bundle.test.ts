import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleHash, keepBundle } from '../../src/worker/keep-bundle';

const folder = path.join(mkdtempSync(path.join(tmpdir(), 'fermata-bundles-')), 'bundles');
afterAll(() => {
  rmSync(path.dirname(folder), { recursive: true });
});

const fileOf = (code: string): string => path.join(folder, `${bundleHash(code)}.js`);

test('keeps workflow code by its hash, and of all that ran the 20 that were started last', () => {
  const codes = Array.from({ length: 22 }, (_, index) => `code ${index}`);
  for (const [index, code] of codes.entries()) {
    keepBundle(code, folder);
    const startedAt = new Date(Date.UTC(2026, 0, 1, 0, index));
    utimesSync(fileOf(code), startedAt, startedAt);
    // The first one is run again each time: it is old, and not out of use.
    keepBundle('code 0', folder);
  }
  expect(readdirSync(folder)).toHaveLength(20);
  expect(readFileSync(fileOf('code 0'), 'utf8')).toBe('code 0');
  expect(codes.filter((code) => !existsSync(fileOf(code)))).toEqual(['code 1', 'code 2']);
});

test('writes code anew of which only a part is there', () => {
  keepBundle('whole code', folder);
  writeFileSync(fileOf('whole code'), 'whole');
  keepBundle('whole code', folder);
  expect(readFileSync(fileOf('whole code'), 'utf8')).toBe('whole code');
});
