import type { Price } from '../catalog/catalog';
import { ratesAt, worstCaseNano } from '../catalog/charge';
import type { Budget } from '../ledger/budgets';
import type { Need } from '../ledger/reservations';

/** What a call may come to at most with so many tokens of input and so high an output cap. */
export function needOf(price: Price | null, inputTokens: number, cap: number): Need {
  return {
    nano: price === null ? 0 : worstCaseNano(price, inputTokens, cap),
    tokens: inputTokens + cap,
    cap,
    capLowered: null,
    priceVersion: price?.version ?? null,
  };
}

/** Budgets that the need does not fit, in the order given. */
export function shortOf(budgets: readonly Budget[], need: Need): Budget[] {
  return budgets.filter((budget) => {
    const left = leftOf(budget);
    return need.nano > left.nano || need.tokens > left.tokens || left.calls < 1;
  });
}

/** The highest output cap that fits all budgets; negative or zero where not even the input fits. */
export function largestCap(budgets: readonly Budget[], price: Price | null, inputTokens: number): number {
  const inputNano = price === null ? 0 : worstCaseNano(price, inputTokens, 0);
  const outputNano = price === null ? 0 : ratesAt(price, inputTokens).outputNano;
  const caps = budgets.map((budget) => {
    const left = leftOf(budget);
    if (left.calls < 1 || left.nano < inputNano) return 0;
    const byMoney = outputNano === 0 ? Infinity : Math.floor((left.nano - inputNano) / outputNano);
    return Math.min(byMoney, left.tokens - inputTokens);
  });
  return Math.min(...caps);
}

/** Why the call is not made, in a sentence with the figures of the first measure that is short. */
export function explain(budget: Budget, need: Need): string {
  const left = leftOf(budget);
  const name = budget.id === 'run' ? "the run's budget" : `the budget ${budget.id}`;
  if (left.calls < 1)
    return `The model call was not made: ${name} allows ${String(budget.limit_calls)} model calls and ${String(budget.used_calls + budget.reserved_calls)} are spent.`;
  if (need.nano > left.nano)
    return `The model call was not made: it may cost up to ${usd(need.nano)} and ${name} has ${usd(Math.max(0, left.nano))} left of ${usd(budget.limit_nano)}.`;
  return `The model call was not made: it may take up to ${String(need.tokens)} tokens and ${name} has ${String(Math.max(0, left.tokens))} left of ${String(budget.limit_tokens)}.`;
}

function leftOf(budget: Budget): { nano: number; tokens: number; calls: number } {
  return {
    nano: budget.limit_nano - budget.used_nano - budget.reserved_nano,
    tokens: (budget.limit_tokens ?? Infinity) - budget.used_tokens - budget.reserved_tokens,
    calls: (budget.limit_calls ?? Infinity) - budget.used_calls - budget.reserved_calls,
  };
}

function usd(nano: number): string {
  const [whole, part = ''] = (nano / 1e9).toFixed(9).split('.');
  return `${String(whole)}.${part.replace(/0+$/, '').padEnd(2, '0')} USD`;
}
