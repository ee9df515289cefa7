import type { Price, Rates } from './catalog';

/** Disjoint counts: `inputTokens` holds neither what was read from a cache nor what was written to it. */
export interface ChargedTokens {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
}

/** What a token costs in a call with so many tokens of input, cached ones included. */
export function ratesAt(price: Price, inputTokens: number): Rates {
  return price.long !== undefined && inputTokens > price.long.overTokens ? price.long : price;
}

/**
 * The most that a call can cost, in nano-USD: every token of input at the dearer of the input and
 * the cache-write price, plus the whole output cap. Reasoning tokens are output and under its cap.
 */
export function worstCaseNano(price: Price, inputTokens: number, outputCap: number): number {
  const rates = ratesAt(price, inputTokens);
  return inputTokens * Math.max(rates.inputNano, rates.cacheWriteNano) + outputCap * rates.outputNano;
}

/** What a call did cost, in nano-USD: each kind of token times its price. Whole, as prices and counts are. */
export function chargeNano(price: Price, usage: ChargedTokens): number {
  const rates = ratesAt(price, usage.inputTokens + usage.cachedTokens + usage.cacheWriteTokens);
  return (
    usage.inputTokens * rates.inputNano +
    usage.cachedTokens * rates.cacheReadNano +
    usage.cacheWriteTokens * rates.cacheWriteNano +
    usage.outputTokens * rates.outputNano
  );
}
