import type { Step } from '../../contract/api';
import type { Approval, ApprovalListItem } from '../../contract/approvals-api';
import type { Json } from '../../contract/value';
import type { ApprovalRow } from '../../ledger/approvals-reading';
import { readRun } from '../../ledger/run-reading';
import { readManifest } from '../../ledger/runs';
import { fromValue } from '../../ledger/values';
import { schemaAt as schemaOf } from '../../plan/content-schema';
import { viewSteps } from '../runs/step-view';
import type { Service } from '../service';
import { noUsage } from '../../contract/usage';
import { usageView } from '../usage-view';

/** An approval as it stands in lists. */
export function approvalListItem(row: ApprovalRow): ApprovalListItem {
  return {
    id: row.id,
    kind: row.kind,
    runId: row.run,
    step: row.path,
    title: row.title,
    risk: row.risk,
    status: row.status,
    requestedAt: row.requestedAt.toISOString(),
    dueAt: row.dueAt?.toISOString() ?? null,
    digest: row.digest,
    allow: row.allow,
    decisions: row.decisions,
  };
}

/** An approval whole: what is shown, what an edit must fit, and what led to it. */
export async function viewApproval(service: Service, tenant: string, row: ApprovalRow): Promise<Approval> {
  const { database } = service;
  const [content, decidedContent, schema, run, steps] = await Promise.all([
    fromValue(database, tenant, row.content),
    row.decidedContent === null ? null : fromValue(database, tenant, row.decidedContent),
    editSchema(service, tenant, row),
    readRun(database, tenant, row.run),
    viewSteps(service, tenant, row.run),
  ]);
  return {
    ...approvalListItem(row),
    content,
    decidedContent,
    schema,
    reason: row.reason,
    run: { plan: { name: row.planName, version: row.planVersion }, usage: usageView(run ?? noUsage) },
    trail: trailTo(steps, row),
  };
}

/** The JSON Schema that an edit or answer must fit; null where anything does. */
export async function editSchema(
  { database }: Service,
  tenant: string,
  { manifest, schemaAt }: ApprovalRow,
): Promise<Json> {
  if (schemaAt === null) return null;
  const { plan } = JSON.parse((await readManifest(database, tenant, manifest)).toString('utf8')) as {
    plan: Json;
  };
  return schemaOf(plan, schemaAt) ?? null;
}

/** Outputs of what finished before it in its own line: steps beside it and beside the steps around it. */
function trailTo(
  steps: readonly Step[],
  { path, requestedAt }: Pick<ApprovalRow, 'path' | 'requestedAt'>,
): Approval['trail'] {
  return steps.flatMap((step) => {
    const around = step.path === 'root' || path === step.path || path.startsWith(`${step.path}.`);
    if (around) return trailTo(step.children, { path, requestedAt });
    const before = step.finishedAt !== null && step.finishedAt <= requestedAt.toISOString();
    return before && step.output !== null ? [{ step: step.path, output: step.output }] : [];
  });
}
