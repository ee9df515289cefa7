import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ulid } from 'ulid';
import type { RawDecision } from '../../contract/activities';
import type { Decide } from '../../contract/approvals-api';
import { FailureType } from '../../contract/failures';
import { decideUpdate, type DecisionTaken } from '../../contract/messages';
import { readApproval, type ApprovalRow } from '../../ledger/approvals-reading';
import { seal } from '../../ledger/decision-seal';
import { sha256 } from '../../ledger/idempotency';
import type { Principal } from '../../ledger/keys';
import { toValue } from '../../ledger/values';
import { invalidInput, notFound, ProblemError } from '../problem';
import type { Service } from '../service';
import { isTaskFailing, isTemporalAway } from '../temporal';
import { viewApproval } from './approval-view';
import { checkDecision } from './check-decision';
import { untilTaken } from './until-taken';
import { createUpdateTurns } from './updates-in-flight';

const answerMsMax = 10_000;
const projectionMsMax = 3_000;
const inTurn = createUpdateTurns(answerMsMax);

export interface DecideRequest {
  approval: string;
  body: Decide;
  principal: Principal;
  /** Of the header, hashed; null without one. */
  idempotencyKey: string | null;
}

/**
 * Puts a decision to the workflow that asks and answers with the approval once that has taken it.
 * Only the workflow knows which decision counts; what is checked before only spares it nonsense. It is
 * asked about an approval that is decided by the ledger, too: the workflow task that said so may not be kept.
 */
export async function decide(service: Service, request: DecideRequest): Promise<ApprovalRow> {
  const { principal, body } = request;
  const { tenant } = principal;
  const row = await readApproval(service.database, tenant, request.approval);
  if (row === null) throw notFound(`approval ${request.approval}`);
  // With a key the first answer may have got lost on its way, and Temporal still knows it.
  const mayRepeat = request.idempotencyKey !== null;
  const mayCount = mayRepeat || row.status === 'pending';
  if (!mayRepeat && row.runClosed) throw await closed(service, tenant, row);
  try {
    if (body.digest !== undefined && body.digest !== row.digest) throw await changed(service, tenant, row);
    await checkDecision(service, { tenant, row, body });
  } catch (error) {
    throw mayCount ? error : await closed(service, tenant, row);
  }
  const decision = await rawDecision(service, row, request);
  const unique = request.idempotencyKey ?? ulid();
  const updateId = sha256(JSON.stringify([row.id, principal.key, unique]));
  try {
    const taken = await inTurn(row.workflowId, () =>
      service.temporal.within(answerMsMax, () =>
        untilTaken(() =>
          service.temporal.client.workflow
            .getHandle(row.workflowId)
            .executeUpdate(decideUpdate, { args: [decision], updateId }),
        ),
      ),
    );
    return await projected(service, tenant, row, taken);
  } catch (error) {
    throw await toProblem(service, { tenant, row, mayCount }, error);
  }
}

async function rawDecision(
  { database, internalKey }: Service,
  row: ApprovalRow,
  { body, principal }: DecideRequest,
): Promise<RawDecision> {
  const { decision, content, comment } = body;
  const { id: approval, digest } = row;
  const by = principal.user;
  return {
    ...{ approval, decision, digest, by, at: new Date().toISOString() },
    ...(content === undefined
      ? {}
      : { content: { value: await toValue(database, principal.tenant, row.run, content) } }),
    ...(comment === undefined ? {} : { comment }),
    seal: seal(internalKey, { approval, decision, digest, by, content: content ?? null }),
  };
}

/** Waits until the ledger shows what the workflow has taken, which it writes right after. */
async function projected(
  { database }: Service,
  tenant: string,
  before: ApprovalRow,
  taken: DecisionTaken,
): Promise<ApprovalRow> {
  const until = Date.now() + projectionMsMax;
  for (;;) {
    const row = (await readApproval(database, tenant, before.id)) ?? before;
    if (row.status === taken.status || row.status !== before.status) return row;
    if (Date.now() > until) return { ...row, status: taken.status };
    await sleep(50);
  }
}

async function toProblem(
  service: Service,
  { tenant, row, mayCount }: { tenant: string; row: ApprovalRow; mayCount: boolean },
  error: unknown,
): Promise<unknown> {
  const isAway = isTemporalAway(error);
  if ((isAway || isTaskFailing(error)) && !mayCount) return await closed(service, tenant, row);
  if (isAway)
    return new ProblemError(
      'temporal_unavailable',
      'The run has not answered within 10 s: Temporal is away, or no worker is there. The decision may still be taken. With the same Idempotency-Key it is safe to ask again.',
    );
  if (isTaskFailing(error))
    return new ProblemError(
      'temporal_unavailable',
      'The run can not go on now, for its workflow task fails. With the same Idempotency-Key it is safe to ask again.',
    );
  const now = (await readApproval(service.database, tenant, row.id)) ?? row;
  if (error instanceof WorkflowNotFoundError)
    return await closed(service, tenant, { ...now, runClosed: true });
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return error;
  switch (cause.type) {
    case FailureType.approvalDecided:
    case FailureType.approvalUnknown:
      return await closed(service, tenant, now);
    case FailureType.approvalExpired:
      return await closed(service, tenant, { ...now, status: 'expired' });
    case FailureType.approvalChanged:
      return await changed(service, tenant, now);
    case FailureType.decisionNotAllowed:
      return invalidInput('The decision was not taken.', [
        { path: '', code: 'validation_failed', message: cause.message },
      ]);
    default:
      return error;
  }
}

/** Why no decision is taken any more, with the one that won and the approval as it stands. */
async function closed(service: Service, tenant: string, row: ApprovalRow): Promise<ProblemError> {
  if (row.status === 'expired') return new ProblemError('approval_expired', 'Its time is over.');
  const winner = row.decisions.at(-1);
  const approval = await viewApproval(service, tenant, row);
  if (winner !== undefined)
    return new ProblemError('approval_already_decided', `${winner.by} has decided: ${winner.decision}.`, {
      members: { decision: { by: winner.by, decision: winner.decision, at: winner.at }, approval },
    });
  if (row.status === 'voided') return await changed(service, tenant, row);
  if (row.runClosed || row.status === 'cancelled')
    return new ProblemError('run_already_closed', 'The run that asks has ended.', { members: { approval } });
  return new ProblemError('approval_already_decided', 'It is decided.', {
    members: { decision: null, approval },
  });
}

async function changed(service: Service, tenant: string, row: ApprovalRow): Promise<ProblemError> {
  return new ProblemError(
    'action_changed',
    'What it shows now is not what was decided on. Look at it again.',
    {
      members: { approval: await viewApproval(service, tenant, row) },
    },
  );
}
