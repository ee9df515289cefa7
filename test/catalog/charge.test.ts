import type { Price } from '../../src/catalog/catalog';
import { chargeNano, ratesAt, worstCaseNano } from '../../src/catalog/charge';

const price: Price = {
  version: 'test',
  inputNano: 3000,
  outputNano: 15000,
  cacheReadNano: 300,
  cacheWriteNano: 3750,
};
const tiered: Price = {
  ...price,
  long: { overTokens: 1000, inputNano: 6000, outputNano: 22500, cacheReadNano: 600, cacheWriteNano: 7500 },
};

describe('the money of a call', () => {
  test('reserves all input at the dearer of its two prices and the whole output cap', () => {
    expect(worstCaseNano(price, 100, 4096)).toBe(100 * 3750 + 4096 * 15000);
  });

  test('charges each kind of token at its own price', () => {
    const usage = { inputTokens: 10, outputTokens: 20, cachedTokens: 1000, cacheWriteTokens: 7 };
    expect(chargeNano(price, usage)).toBe(10 * 3000 + 20 * 15000 + 1000 * 300 + 7 * 3750);
  });

  test('charges a call over the length at which a model grows dearer at the dearer rates throughout', () => {
    const usage = { inputTokens: 1, outputTokens: 1, cachedTokens: 1000, cacheWriteTokens: 0 };
    expect(chargeNano(tiered, usage)).toBe(6000 + 22500 + 1000 * 600);
    expect(ratesAt(tiered, 1000)).toBe(tiered);
    expect(worstCaseNano(tiered, 1001, 1)).toBe(1001 * 7500 + 22500);
  });

  test.each([0, 999, 1000, 1001, 5000])(
    'never charges more than it reserved, at %i tokens of input',
    (inputTokens) => {
      for (const cached of [0, Math.floor(inputTokens / 2), inputTokens])
        for (const kind of ['cachedTokens', 'cacheWriteTokens'] as const) {
          const usage = {
            inputTokens: inputTokens - cached,
            outputTokens: 50,
            cachedTokens: 0,
            cacheWriteTokens: 0,
            [kind]: cached,
          };
          expect(chargeNano(tiered, usage)).toBeLessThanOrEqual(worstCaseNano(tiered, inputTokens, 50));
        }
    },
  );
});
