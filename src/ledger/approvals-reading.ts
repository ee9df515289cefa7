import type { ApprovalKind, ApprovalStatus, Decision } from '../contract/journal';
import type { Value } from '../contract/value';
import type { Database } from './database';

export interface ApprovalRow {
  id: string;
  run: string;
  workflowId: string;
  kind: ApprovalKind;
  path: string;
  title: string;
  risk: 'low' | 'medium' | 'high';
  status: ApprovalStatus;
  reason: string | null;
  digest: string;
  allow: Decision[];
  content: Value;
  decidedContent: Value | null;
  schemaAt: string | null;
  requestedAt: Date;
  dueAt: Date | null;
  manifest: string;
  planName: string;
  planVersion: string;
  runClosed: boolean;
  decisions: DecisionRow[];
}

interface DecisionRow {
  by: string;
  decision: string;
  comment: string | null;
  /** RFC 3339. */
  at: string;
  via: string;
}

const select = `SELECT a.id, a.run, a.workflow_id AS "workflowId", a.kind, a.path, a.title, a.risk, a.status,
  a.reason, a.digest, a.allow, a.content_json AS "contentJson", a.decided_content_json AS "decidedJson",
  a.schema_at AS "schemaAt", a.requested_at AS "requestedAt", a.due_at AS "dueAt",
  coalesce(a.manifest, r.manifest) AS manifest,
  r.plan_name AS "planName", r.plan_version AS "planVersion", r.finished_at IS NOT NULL AS "runClosed",
  (SELECT coalesce(json_agg(json_build_object('by', d.by_user, 'decision', d.decision, 'comment', d.comment,
      'at', to_char(d.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'via', d.via) ORDER BY d.n), '[]')
    FROM decisions d WHERE d.tenant = a.tenant AND d.approval = a.id AND NOT d.superseded) AS decisions
FROM approvals a JOIN runs r ON r.tenant = a.tenant AND r.id = a.run`;

type Raw = Omit<ApprovalRow, 'content' | 'decidedContent'> & {
  contentJson: string;
  decidedJson: string | null;
};

function approvalOf({ contentJson, decidedJson, ...rest }: Raw): ApprovalRow {
  return {
    ...rest,
    content: JSON.parse(contentJson) as Value,
    decidedContent: decidedJson === null ? null : (JSON.parse(decidedJson) as Value),
  };
}

/** One approval with its decisions. */
export async function readApproval(
  database: Database,
  tenant: string,
  id: string,
): Promise<ApprovalRow | null> {
  const { rows } = await database.query<Raw>(`${select} WHERE a.tenant = $1 AND a.id = $2`, [tenant, id]);
  return rows[0] === undefined ? null : approvalOf(rows[0]);
}

export interface ApprovalFilter {
  status: string[];
  kind: string | null;
  run: string | null;
  after: { at: Date; id: string } | null;
  limit: number;
}

/** Approvals, newest first. */
export async function listApprovals(
  database: Database,
  tenant: string,
  filter: ApprovalFilter,
): Promise<ApprovalRow[]> {
  const { rows } = await database.query<Raw>(
    `${select} WHERE a.tenant = $1 AND (cardinality($2::text[]) = 0 OR a.status = ANY ($2))
       AND ($3::text IS NULL OR a.kind = $3) AND ($4::text IS NULL OR a.run = $4)
       AND ($5::timestamptz IS NULL OR (a.requested_at, a.id) < ($5, $6))
     ORDER BY a.requested_at DESC, a.id DESC LIMIT $7`,
    [
      tenant,
      filter.status,
      filter.kind,
      filter.run,
      filter.after?.at ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows.map(approvalOf);
}
