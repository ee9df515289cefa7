import type { EvaluateRequest, Slice } from '../contract/activities';
import type { Database } from '../ledger/database';
import { readBudgets } from '../ledger/budgets';

type Sharing = Extract<EvaluateRequest, { type: 'left' }>;

/** One of several equal parts of what all of these budgets have left: neither used nor reserved. */
export async function shareLeft(
  database: Database,
  { run: { tenant, run }, budgets, parts }: Sharing,
): Promise<Slice> {
  const known = new Map((await readBudgets(database, tenant, run)).map((budget) => [budget.id, budget]));
  const left = budgets.map(({ id, costNano, tokens, modelCalls }): Slice => {
    const row = known.get(id);
    // A step's budget has no row before its first call.
    if (row === undefined) return { costNano, tokens, modelCalls };
    return {
      costNano: row.limit_nano - row.used_nano - row.reserved_nano,
      tokens: minus(row.limit_tokens, row.used_tokens + row.reserved_tokens),
      modelCalls: minus(row.limit_calls, row.used_calls + row.reserved_calls),
    };
  });
  return {
    costNano: share(Math.min(...left.map(({ costNano }) => costNano)), parts),
    tokens: least(
      left.map(({ tokens }) => tokens),
      parts,
    ),
    modelCalls: least(
      left.map(({ modelCalls }) => modelCalls),
      parts,
    ),
  };
}

function minus(limit: number | null, used: number): number | null {
  return limit === null ? null : limit - used;
}

function least(left: (number | null)[], parts: number): number | null {
  const limited = left.filter((each) => each !== null);
  return limited.length === 0 ? null : share(Math.min(...limited), parts);
}

function share(left: number, parts: number): number {
  return Math.max(0, Math.floor(left / parts));
}
