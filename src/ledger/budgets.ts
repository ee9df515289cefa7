import type { Database } from './database';

export interface BudgetLimits {
  tenant: string;
  run: string;
  /** `run`, or `step:` and the path of the step that carries the limit. */
  id: string;
  limitNano: number;
  /** Null: lifted. */
  limitTokens: number | null;
  limitCalls: number | null;
}

/** What is limited, what was used, and what calls under way may still use. Money in nano-USD. */
export interface Budget {
  id: string;
  limit_nano: number;
  used_nano: number;
  reserved_nano: number;
  limit_tokens: number | null;
  used_tokens: number;
  reserved_tokens: number;
  limit_calls: number | null;
  used_calls: number;
  reserved_calls: number;
}

export const budgetColumns = `b.id, b.limit_nano, b.used_nano, b.reserved_nano, b.limit_tokens,
  b.used_tokens, b.reserved_tokens, b.limit_calls, b.used_calls, b.reserved_calls`;

/** Makes the budget if there is none by this id; one that is there keeps its limits and figures. */
export async function ensureBudget(database: Database, budget: BudgetLimits): Promise<void> {
  await database.query(
    `INSERT INTO budgets (tenant, run, id, limit_nano, limit_tokens, limit_calls)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, run, id) DO NOTHING`,
    [budget.tenant, budget.run, budget.id, budget.limitNano, budget.limitTokens, budget.limitCalls],
  );
}

/** All budgets of a run, by id. */
export async function readBudgets(database: Database, tenant: string, run: string): Promise<Budget[]> {
  const { rows } = await database.query<Budget>(
    `SELECT ${budgetColumns} FROM budgets b WHERE b.tenant = $1 AND b.run = $2 ORDER BY b.id`,
    [tenant, run],
  );
  return rows;
}
