import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCatalog } from '../../src/catalog/load';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fermata-catalog-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function configured(yaml: string): string {
  const path = join(folder, 'fermata.config.yaml');
  writeFileSync(path, yaml);
  return path;
}

const complete =
  '{ vendor: openai, contextTokens: 32000, outputTokensMax: 4096, input: 0.05, output: 0.075 }';

describe('the catalog', () => {
  test('knows models and aliases without a configuration file', () => {
    const catalog = loadCatalog(join(folder, 'absent.yaml'));
    for (const name of [
      'claude-opus',
      'claude-sonnet',
      'claude-haiku',
      'gpt-4o',
      'gpt-4o-mini',
      'gemini-pro',
      'gemini-flash',
    ])
      expect(catalog.resolve(name)?.price).toEqual(expect.objectContaining({ version: '2026-11-20' }));
    expect(catalog.resolve('claude-haiku')?.id).toContain('haiku');
  });

  test('converts USD per million tokens to whole nano-USD a token', () => {
    const price = loadCatalog(join(folder, 'absent.yaml')).resolve('claude-sonnet-4-6')?.price;
    expect(price).toMatchObject({
      inputNano: 3000,
      outputNano: 15000,
      cacheReadNano: 300,
      cacheWriteNano: 3750,
    });
    for (const { model } of loadCatalog(join(folder, 'absent.yaml')).list())
      for (const rate of [model.price?.inputNano, model.price?.outputNano, model.price?.cacheReadNano])
        expect(Number.isInteger(rate)).toBe(true);
  });

  test.each(['claude-sonnet-5-5-20260929', 'Claude-Sonnet', 'constructor', '__proto__', ''])(
    'knows no model by the name %p, however like a known one it is',
    (name) => {
      expect(loadCatalog(join(folder, 'absent.yaml')).resolve(name)).toBeNull();
    },
  );

  test('lists every alias and every id', () => {
    const names = loadCatalog(join(folder, 'absent.yaml'))
      .list()
      .map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['claude-sonnet', 'claude-sonnet-5-5', 'gpt-4o']));
    expect(new Set(names).size).toBe(names.length);
  });

  test('takes a new model and an alias for it from the configuration file', () => {
    const path = configured(`models: { local: llama-9 }\nprices:\n  llama-9: ${complete}\n`);
    const model = loadCatalog(path).resolve('local');
    expect(model).toMatchObject({ id: 'llama-9', vendor: 'openai', contextTokens: 32000 });
    expect(model?.price).toMatchObject({
      inputNano: 50,
      outputNano: 75,
      cacheReadNano: 50,
      cacheWriteNano: 50,
    });
    expect(model?.price?.version).toMatch(/^config-[0-9a-f]{12}$/);
  });

  test('lets the configuration file give a known model another price and an alias another model', () => {
    const path = configured(
      'models: { claude-haiku: claude-haiku-4-5 }\nprices:\n  claude-haiku-4-5: { input: 2, output: 6 }\n',
    );
    const model = loadCatalog(path).resolve('claude-haiku');
    expect(model).toMatchObject({ id: 'claude-haiku-4-5', vendor: 'anthropic', contextTokens: 200_000 });
    expect(model?.price).toMatchObject({ inputNano: 2000, outputNano: 6000 });
  });

  test('gives a model that is configured without a price no price', () => {
    const path = configured(
      'prices:\n  mystery: { vendor: openai, contextTokens: 1000, outputTokensMax: 100 }\n',
    );
    expect(loadCatalog(path).resolve('mystery')?.price).toBeNull();
  });

  test('takes an empty configuration file for none', () => {
    expect(loadCatalog(configured('')).resolve('claude-sonnet')?.id).toBe('claude-sonnet-5-5');
  });

  test.each([
    ['modles: {}', 'Unrecognized key: "modles".'],
    ['models: { fast: nowhere-1 }', 'models.fast: no model has the id "nowhere-1".'],
    [
      'prices: { gpt-4o: { input: 0.0001, output: 1 } }',
      'prices.gpt-4o.input: has more than three decimals.',
    ],
    [
      'prices: { gpt-4o: { input: "3", output: 1 } }',
      'prices.gpt-4o.input: Invalid input: expected number, received string.',
    ],
    ['prices: { gpt-4o: { input: 3 } }', 'prices.gpt-4o.output: is missing.'],
    ['prices: { a: &x {}, b: *x }', 'Alias resolution is disabled.'],
    ['prices: { new-1: { input: 3, output: 1 } }', 'prices.new-1.vendor: is missing.'],
    ['models: { a: b, a: c }', 'Map keys must be unique at line 1, column 17.'],
    [
      'models: [',
      'Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10.',
    ],
  ])('refuses %p in one line that names file and place', (yaml, message) => {
    const path = configured(yaml);
    expect(() => loadCatalog(path)).toThrow(new Error(`${path}: ${message}`));
  });
});
