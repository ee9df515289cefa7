import type { OpenedApproval } from '../contract/activities';
import type { ApprovalStatus, Decision } from '../contract/journal';
import type { Value } from '../contract/value';
import type { Database } from './database';

interface Row {
  status: ApprovalStatus;
  decision: Decision;
  by_user: string;
  comment: string | null;
  decided_content_json: string | null;
}

/** The decision that the ledger holds on just this question, if there is one. */
export async function readDecision(
  database: Database,
  tenant: string,
  approval: string,
  digest: string,
): Promise<OpenedApproval['decided']> {
  const { rows } = await database.query<Row>(
    `SELECT a.status, d.decision, d.by_user, d.comment, a.decided_content_json
     FROM approvals a JOIN decisions d ON d.tenant = a.tenant AND d.approval = a.id
     WHERE a.tenant = $1 AND a.id = $2 AND a.digest = $3
       AND a.status IN ('approved', 'edited', 'rejected', 'answered', 'resolved')
     ORDER BY d.n DESC LIMIT 1`,
    [tenant, approval, digest],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    status: row.status,
    decision: row.decision,
    by: row.by_user,
    comment: row.comment,
    content: row.decided_content_json === null ? null : (JSON.parse(row.decided_content_json) as Value),
  };
}
