import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { OpenApproval, OpenedApproval } from '../contract/activities';
import { FailureType } from '../contract/failures';
import type { JournalEntry } from '../contract/journal';
import { limits } from '../contract/limits';
import type { Json, Value } from '../contract/value';
import type { ApprovalRow } from '../ledger/journal-approvals';
import { readDecision, readDecisionFacts } from '../ledger/recorded-decision';
import { fromValue } from '../ledger/values';
import { TemplateError } from '../plan/liquid';
import { evaluateTemplate } from '../plan/template';
import { at, readManifest } from './manifests';
import type { Ports } from './ports';
import { resolveNames } from './resolve';
import { writeJournal } from './write-journal';

/**
 * Stores what is shown to the people who decide, and its digest: a decision is bound to exactly that.
 * It becomes visible in the same statement as the run's `waiting`.
 */
export async function openApproval(ports: Ports, request: OpenApproval): Promise<OpenedApproval> {
  const { database } = ports;
  const { tenant, run } = request.run;
  const title = await titleOf(ports, request);
  const content = await fromValue(database, tenant, request.content);
  const digest = digestOf({ kind: request.kind, title, content, allow: request.allow });
  const entry: JournalEntry = {
    ...request.requested,
    step: request.path,
    type: 'approval.requested',
    data: {
      approval: request.approval,
      kind: request.kind,
      title,
      risk: request.risk,
      dueAt: request.dueAt,
      digest,
    },
  };
  const journal = { ...request.journal, entries: [...request.journal.entries, entry] };
  const row = rowOf(request, title, digest);
  const write = { tenant, run, journal, approval: row };
  const { approval, temporalRun } = request;
  // After a reset the ledger may know the answer to just this question.
  const decided =
    request.settled === null ? await readDecision(database, { tenant, approval, digest, temporalRun }) : null;
  const of = { tenant, run, path: request.path, approval };
  await writeJournal(
    ports,
    decided === null ? write : { ...write, kept: await readDecisionFacts(database, of) },
  );
  return { title, digest, decided };
}

async function titleOf({ database }: Ports, request: OpenApproval): Promise<string> {
  if ('text' in request.title) return request.title.text;
  const manifest = await readManifest(database, request.run);
  const names = await resolveNames(database, request.run.tenant, request.names);
  try {
    // A title is a string by the plan's schema.
    const title = evaluateTemplate(at(manifest, request.title.at) as string, names);
    return (typeof title === 'string' ? title : JSON.stringify(title)).slice(0, limits.titleCharactersMax);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw ApplicationFailure.nonRetryable(
      `${request.title.at}: ${error.message}`,
      FailureType.invalidTemplate,
    );
  }
}

function digestOf(shown: { kind: string; title: string; content: Json; allow: string[] }): string {
  return createHash('sha256')
    .update(JSON.stringify([shown.kind, shown.title, shown.content, shown.allow]))
    .digest('hex');
}

function rowOf(request: OpenApproval, title: string, digest: string): ApprovalRow {
  return {
    id: request.approval,
    workflowId: request.workflowId,
    kind: request.kind,
    path: request.path,
    title,
    risk: request.risk,
    status: request.settled ?? 'pending',
    reason: request.reason,
    digest,
    allow: request.allow,
    content: JSON.stringify(request.content satisfies Value),
    schemaAt: request.schemaAt,
    manifest: request.run.manifest,
    requestedAt: request.requested.at,
    dueAt: request.dueAt,
  };
}
