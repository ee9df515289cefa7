import type { OpenedApproval } from '../contract/activities';
import type { ApprovalStatus, Decision } from '../contract/journal';
import type { Value } from '../contract/value';
import type { Database } from './database';
import type { KeptFact } from './journal-statement';

interface Row {
  status: ApprovalStatus;
  decision: Decision;
  by_user: string;
  comment: string | null;
  decided_content_json: string | null;
}

interface Question {
  tenant: string;
  approval: string;
  digest: string;
  /** The Temporal run that asks. */
  temporalRun: string;
}

/**
 * The decision that the ledger holds on just this question, if there is one. What the Temporal run that
 * asks has itself written as decided is none: it was a workflow task that was not kept, and whoever
 * decided there had no answer and is heard again.
 */
export async function readDecision(
  database: Database,
  { tenant, approval, digest, temporalRun }: Question,
): Promise<OpenedApproval['decided']> {
  const { rows } = await database.query<Row>(
    `SELECT a.status, d.decision, d.by_user, d.comment, a.decided_content_json
     FROM approvals a JOIN decisions d ON d.tenant = a.tenant AND d.approval = a.id
     WHERE a.tenant = $1 AND a.id = $2 AND a.digest = $3 AND NOT d.superseded
       AND a.status IN ('approved', 'edited', 'rejected', 'answered', 'resolved')
       AND NOT EXISTS (
         SELECT FROM run_events e
         WHERE e.tenant = a.tenant AND e.run = a.run AND e.step = a.path AND e.type = 'approval.decided'
           AND e.temporal_run = $4 AND e.entry IS NOT NULL AND NOT e.superseded
           AND position(convert_to('"approval":"' || a.id || '"', 'UTF8') IN e.data) > 0)
     ORDER BY d.n DESC LIMIT 1`,
    [tenant, approval, digest, temporalRun],
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

/** What the journal said of an approval's decision: told again when the question is asked again. */
export async function readDecisionFacts(
  database: Database,
  { tenant, run, path, approval }: { tenant: string; run: string; path: string; approval: string },
): Promise<KeptFact[]> {
  const { rows } = await database.query<{ at: Date; step: string; type: string; data: Buffer }>(
    `SELECT at, step, type, data FROM run_events
     WHERE tenant = $1 AND run = $2 AND step = $3 AND type IN ('approval.decided', 'decision.made')
       AND entry IS NOT NULL ORDER BY seq DESC`,
    [tenant, run, path],
  );
  // What was written as an entry is one.
  const facts = rows.map(
    ({ at, data, ...rest }) =>
      ({ ...rest, at: at.toISOString(), data: JSON.parse(data.toString('utf8')) as unknown }) as KeptFact,
  );
  const index = facts.findIndex(
    (fact) => fact.type === 'approval.decided' && fact.data.approval === approval,
  );
  const decided = facts[index];
  if (decided === undefined) return [];
  // The decision itself was journaled right after it; what policy decides is none.
  const made = facts[index - 1];
  return made?.type === 'decision.made' ? [decided, made] : [decided];
}
