import type { ApiUsage } from '../contract/api';
import type { UsageRow } from '../ledger/run-reading';

/** USD of nano-USD, exact to 1e-9: the sum was made in integers. */
export function usd(nano: number): number {
  return nano / 1e9;
}

export const noUsage: UsageRow = {
  modelCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  costNano: 0,
};

export function addUsage(left: UsageRow, right: UsageRow): UsageRow {
  return {
    modelCalls: left.modelCalls + right.modelCalls,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    costNano: left.costNano + right.costNano,
  };
}

/** Usage as clients see it. */
export function usageView({
  modelCalls,
  inputTokens,
  outputTokens,
  cachedTokens,
  costNano,
}: UsageRow): ApiUsage {
  return { modelCalls, inputTokens, outputTokens, cachedTokens, costUsd: usd(costNano) };
}
