import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/ledger/database';

/** Writes a run of the tenant `default` into the ledger and nothing else: no budget, no workflow. Answers its id. */
export async function insertRun(database: Database): Promise<string> {
  const id = `run-${randomUUID()}`;
  await database.query(
    `INSERT INTO runs (tenant, id, plan_name, plan_version, plan_digest, manifest, workflow_type, input_json, started_by)
     VALUES ('default', $1, 'p', '1.0.0', 'd', 'm', 'sequence', '{"inline":null}', 'tests')`,
    [id],
  );
  return id;
}
