/**
 * The models that are known without any configuration: exact ids, never matched by likeness, because
 * a near match charges one model by another's price.
 *
 * Prices are USD per million tokens at the vendors' standard rates, text only. Source: the data of
 * the package @pydantic/genai-prices 0.1.8; claude-sonnet-5-5 and claude-haiku-5-5, which that
 * version doesn't have, from Anthropic's model pages. Context windows and output caps are those of
 * the vendors' model pages.
 */
export const priceListVersion = '2026-11-20';

export const vendors = ['anthropic', 'openai', 'gemini'] as const;
type Vendor = (typeof vendors)[number];

export interface ListedRates {
  input: number;
  output: number;
  cacheRead: number;
  /** That of the cache that lives five minutes, or the input's where a vendor asks nothing more. */
  cacheWrite: number;
}

export interface ListedModel {
  vendor: Vendor;
  contextTokens: number;
  outputTokensMax: number;
  rates: ListedRates & { long?: ListedRates & { overTokens: number } };
}

export const builtInAliases: Readonly<Record<string, string>> = {
  'claude-opus': 'claude-opus-5-5',
  'claude-sonnet': 'claude-sonnet-5-5',
  'claude-haiku': 'claude-haiku-5-5',
  'gemini-pro': 'gemini-3.1-pro-preview',
  'gemini-flash': 'gemini-3.8-flash',
};

const claude = { vendor: 'anthropic', contextTokens: 1_000_000, outputTokensMax: 128_000 } as const;
const gpt = { vendor: 'openai', contextTokens: 1_050_000, outputTokensMax: 128_000 } as const;
const gemini = { vendor: 'gemini', contextTokens: 1_000_000, outputTokensMax: 65_536 } as const;

export const builtInModels: Readonly<Record<string, ListedModel>> = {
  'claude-fable-5-1': { ...claude, rates: { input: 10, output: 50, cacheRead: 0.25, cacheWrite: 12.5 } },
  'claude-opus-5-5': { ...claude, rates: { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5 } },
  'claude-opus-5': { ...claude, rates: { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 } },
  'claude-sonnet-5-5': { ...claude, rates: { input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5 } },
  'claude-sonnet-5': { ...claude, rates: { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 } },
  'claude-sonnet-4-6': { ...claude, rates: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 } },
  'claude-haiku-5-5': {
    ...claude,
    rates: {
      ...{ input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 },
      long: { overTokens: 100_000, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625 },
    },
  },
  'claude-haiku-4-5': {
    ...{ vendor: 'anthropic', contextTokens: 200_000, outputTokensMax: 64_000 },
    rates: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
  },
  'gpt-6-sol': {
    ...gpt,
    rates: {
      ...{ input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5 },
      long: { overTokens: 272_000, input: 4, output: 15, cacheRead: 0.4, cacheWrite: 5 },
    },
  },
  'gpt-6-luna': {
    ...gpt,
    rates: {
      ...{ input: 0.1, output: 0.5, cacheRead: 0.01, cacheWrite: 0.125 },
      long: { overTokens: 272_000, input: 0.2, output: 0.75, cacheRead: 0.02, cacheWrite: 0.25 },
    },
  },
  'gpt-4o': {
    ...{ vendor: 'openai', contextTokens: 128_000, outputTokensMax: 16_384 },
    rates: { input: 2.5, output: 10, cacheRead: 1.25, cacheWrite: 2.5 },
  },
  'gpt-4o-mini': {
    ...{ vendor: 'openai', contextTokens: 128_000, outputTokensMax: 16_384 },
    rates: { input: 0.15, output: 0.6, cacheRead: 0.075, cacheWrite: 0.15 },
  },
  'gemini-3.1-pro-preview': {
    ...gemini,
    rates: {
      ...{ input: 2, output: 12, cacheRead: 0.2, cacheWrite: 2 },
      long: { overTokens: 200_000, input: 4, output: 18, cacheRead: 0.4, cacheWrite: 4 },
    },
  },
  // Half of this until 2027. The price that lasts is taken, so that no budget is passed when it comes.
  'gemini-3.8-flash': { ...gemini, rates: { input: 1.5, output: 7.5, cacheRead: 0.15, cacheWrite: 1.5 } },
};
