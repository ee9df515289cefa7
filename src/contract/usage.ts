/** What one or more calls used. Money is nano-USD (1e-9 USD) inside, USD at the API. */
export interface Usage {
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  costNano: number;
}

export const noUsage: Usage = {
  modelCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  costNano: 0,
};

export function addUsage(left: Usage, right: Usage): Usage {
  return {
    modelCalls: left.modelCalls + right.modelCalls,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    costNano: left.costNano + right.costNano,
  };
}
