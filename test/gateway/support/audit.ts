import type { Database } from '../../../src/ledger/database';

export interface BudgetVersion {
  n: number;
  run: string;
  id: string;
  limit_nano: number;
  limit_tokens: number | null;
  limit_calls: number | null;
  nano: number;
  tokens: number;
  calls: number;
  least: number;
}

/** Has the database itself write down every version of every budget's row, so that none is missed. */
export async function auditBudgets(database: Database): Promise<void> {
  await database.query(`
    CREATE TABLE budget_versions (n bigint GENERATED ALWAYS AS IDENTITY, row_is budgets NOT NULL);
    CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO budget_versions (row_is) VALUES (NEW); RETURN NULL; END $$;
    CREATE TRIGGER audited AFTER INSERT OR UPDATE ON budgets FOR EACH ROW EXECUTE FUNCTION write_down();`);
}

/** All versions that the budgets of a run ever had, in order: used and reserved together, and the least of what is reserved. */
export async function versionsOf(database: Database, run: string): Promise<BudgetVersion[]> {
  const { rows } = await database.query<BudgetVersion>(
    `SELECT v.n, (b).run, (b).id, (b).limit_nano, (b).limit_tokens, (b).limit_calls,
       (b).used_nano + (b).reserved_nano AS nano, (b).used_tokens + (b).reserved_tokens AS tokens,
       (b).used_calls + (b).reserved_calls AS calls,
       least((b).reserved_nano, (b).reserved_tokens, (b).reserved_calls) AS least
     FROM (SELECT n, row_is AS b FROM budget_versions) AS v WHERE (b).run = $1 ORDER BY v.n`,
    [run],
  );
  return rows;
}

/** The versions in which more is used and reserved than the limit allows, or less than nothing is reserved. */
export function offending(versions: readonly BudgetVersion[]): BudgetVersion[] {
  return versions.filter(
    (version) =>
      version.nano > version.limit_nano ||
      version.tokens > (version.limit_tokens ?? Infinity) ||
      version.calls > (version.limit_calls ?? Infinity) ||
      version.least < 0,
  );
}
