import type { Projection } from './projection';
import { safe, type Place, type Scope } from './statement-parts';

/** The approval that a batch of entries opens, as a row. */
export interface ApprovalRow {
  id: string;
  workflowId: string;
  kind: string;
  path: string;
  title: string;
  risk: string;
  status: 'pending' | 'approved';
  reason: string | null;
  digest: string;
  allow: string[];
  content: string;
  schemaAt: string | null;
  /** Hash of the manifest of the plan that words it. */
  manifest: string;
  requestedAt: string;
  dueAt: string | null;
}

/** What a batch of entries does to approvals and decisions, as parts of its statement. */
export function approvalParts(
  scope: Scope,
  { projection, opened, place }: { projection: Projection; opened: ApprovalRow | undefined; place: Place },
): string[] {
  const parts: string[] = [];
  if (opened !== undefined) parts.push(openedParts(scope, opened, place));
  if (projection.decided.length + projection.expired.length > 0)
    parts.push(closedParts(scope, projection, place));
  if (projection.run?.finished) parts.push(withdrawnPart(scope, projection, place));
  return parts;
}

function openedParts(scope: Scope, approval: ApprovalRow, place: Place): string {
  const id = place(approval.id);
  const digest = place(approval.digest);
  const values = [
    ...[scope.tenant, id, scope.run, place(approval.workflowId), place(approval.kind), place(approval.path)],
    ...[place(safe(approval.title)), place(approval.risk), place(approval.status)],
    ...[place(safe(approval.reason)), digest, `${place(approval.allow)}::text[]`, place(approval.content)],
    ...[place(approval.schemaAt), `${place(approval.requestedAt)}::timestamptz`],
    `${place(approval.dueAt)}::timestamptz`,
    place(approval.manifest),
  ];
  // Asked again with the same digest it stays as it is, decided or not, but what had ended without a
  // decision is open again. With another digest it is a new question: what was decided on the old one
  // counts no more. A late repetition of the same asking changes nothing.
  return `asked AS (SELECT FROM numbered WHERE EXISTS (SELECT FROM fresh WHERE fresh.type = 'approval.requested')),
  opened AS (
    INSERT INTO approvals (tenant, id, run, workflow_id, kind, path, title, risk, status, reason, digest, allow,
      content_json, schema_at, requested_at, due_at, manifest)
    SELECT ${values.join(', ')} FROM numbered
    ON CONFLICT (tenant, id) DO UPDATE SET
      title = EXCLUDED.title, status = EXCLUDED.status, digest = EXCLUDED.digest, content_json = EXCLUDED.content_json,
      decided_content_json = NULL, requested_at = EXCLUDED.requested_at, due_at = EXCLUDED.due_at
    WHERE EXISTS (SELECT FROM asked)
      AND (approvals.digest <> EXCLUDED.digest OR approvals.status IN ('voided', 'cancelled', 'expired'))),
  outdated AS (
    UPDATE decisions d SET superseded = true FROM approvals a, asked
    WHERE a.tenant = ${scope.tenant} AND a.id = ${id} AND a.digest <> ${digest}
      AND d.tenant = a.tenant AND d.approval = a.id AND NOT d.superseded)`;
}

function closedParts(scope: Scope, { decided, expired }: Projection, place: Place): string {
  const closed = [
    `${place([...decided.map((entry) => entry.approval), ...expired])}::text[]`,
    `${place([...decided.map((entry) => entry.status), ...expired.map(() => 'expired')])}::text[]`,
    `${place([...decided.map((entry) => entry.content && JSON.stringify(entry.content)), ...expired.map(() => null)])}::text[]`,
  ];
  const made = decided.filter((entry) => entry.decision !== null);
  const decisions = [
    `${place(made.map((entry) => entry.approval))}::text[]`,
    `${place(made.map((entry) => entry.decision))}::text[]`,
    `${place(made.map((entry) => safe(entry.by)))}::text[]`,
    `${place(made.map((entry) => safe(entry.comment)))}::text[]`,
    `${place(made.map((entry) => entry.via))}::text[]`,
    `${place(made.map((entry) => entry.at))}::timestamptz[]`,
  ];
  // Of those that count there is one for each approval: its number is the same for all that come.
  return `closed AS (
    UPDATE approvals a SET status = d.status, decided_content_json = d.content
    FROM unnest(${closed.join(', ')}) AS d (id, status, content), numbered
    WHERE a.tenant = ${scope.tenant} AND a.id = d.id AND a.status = 'pending'),
  decided AS (
    INSERT INTO decisions (tenant, approval, n, decision, by_user, comment, via, at)
    SELECT ${scope.tenant}, d.approval,
      1 + (SELECT count(*) FROM decisions o WHERE o.tenant = ${scope.tenant} AND o.approval = d.approval AND o.superseded),
      d.decision, d.by_user, d.comment, d.via, d.at
    FROM unnest(${decisions.join(', ')}) AS d (approval, decision, by_user, comment, via, at), numbered
    ON CONFLICT DO NOTHING)`;
}

/** The run is over: nobody needs to decide any more. What this batch itself decides is not touched twice. */
function withdrawnPart(scope: Scope, { decided, expired }: Projection, place: Place): string {
  const own = place([...decided.map((entry) => entry.approval), ...expired]);
  return `withdrawn AS (
    UPDATE approvals a SET status = 'cancelled' FROM numbered
    WHERE a.tenant = ${scope.tenant} AND a.run = ${scope.run} AND a.status = 'pending' AND NOT a.id = ANY (${own}::text[]))`;
}
