import type { ApiUsage } from '../contract/api';
import type { Usage } from '../contract/usage';

/** USD of nano-USD, exact to 1e-9: the sum was made in integers. */
export function usd(nano: number): number {
  return nano / 1e9;
}

/** Usage as clients see it. */
export function usageView({
  modelCalls,
  inputTokens,
  outputTokens,
  cachedTokens,
  costNano,
}: Usage): ApiUsage {
  return { modelCalls, inputTokens, outputTokens, cachedTokens, costUsd: usd(costNano) };
}
