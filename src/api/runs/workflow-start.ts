import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { limits } from '../../contract/limits';
import type { Skeleton } from '../../contract/skeleton';
import type { Json, Value } from '../../contract/value';
import { searchAttributes, type StartArgument } from '../../contract/workflow';
import { putContent } from '../../ledger/contents';
import { markStarted, type StartRow } from '../../ledger/runs';
import { fromValue, toValue } from '../../ledger/values';
import { withDeclaredNulls } from '../../plan/template';
import type { Service } from '../service';
import type { FrozenStart } from './start-run';
import type { Temporal } from '../temporal';

const startMsMax = 5_000;
const grpc = { invalidArgument: 3, notFound: 5 };

/**
 * Starts a run's workflow and notes that. Safe to repeat: one that was started counts as started,
 * open or closed.
 */
export async function startWorkflow(
  service: Service,
  run: StartRow,
  { skeleton, inputSchema }: FrozenStart,
): Promise<void> {
  const { database, temporal, continueAfterSteps, branchesHereMax } = service;
  const argument = {
    tenant: run.tenant,
    run: run.id,
    manifest: run.manifest,
    skeleton: await skeletonOrReference(service, run, skeleton),
    input: await inputWithNulls(service, run, inputSchema),
    createdAt: run.createdAt.toISOString(),
    localInTurn: true as const,
    ...(continueAfterSteps === undefined ? {} : { continueAfterSteps }),
    ...(branchesHereMax === undefined ? {} : { branchesHereMax }),
  };
  const temporalRun = await temporal.within(startMsMax, () => start(temporal, run, argument));
  await markStarted(database, run, temporalRun);
}

/** What templates see: the input as it was sent, with null for what it may have and lacks. */
async function inputWithNulls(
  { database }: Service,
  run: StartRow,
  schema: Json | undefined,
): Promise<Value> {
  const sent = await fromValue(database, run.tenant, run.input);
  const filled = withDeclaredNulls(schema, sent);
  return isDeepStrictEqual(sent, filled) ? run.input : toValue(database, run.tenant, run.id, filled);
}

async function skeletonOrReference(
  { database }: Service,
  run: StartRow,
  skeleton: Skeleton,
): Promise<StartArgument['skeleton']> {
  const body = Buffer.from(JSON.stringify(skeleton), 'utf8');
  if (body.length <= limits.skeletonBytesMax) return skeleton;
  return { ref: await putContent(database, run.tenant, run.id, body) };
}

// Where a server doesn't have the search attributes, runs start without them until the next try.
let leftOutUntil = 0;
const leftOutMs = 60_000;

async function start(
  temporal: Temporal,
  run: StartRow,
  argument: Omit<StartArgument, 'searchAttributes'>,
): Promise<string | null> {
  const { name, version } = run.plan;
  const known = Date.now() >= leftOutUntil;
  const argumentWhole: StartArgument = { ...argument, searchAttributes: known };
  try {
    const handle = await temporal.client.workflow.start(run.workflowType, {
      workflowId: run.id,
      taskQueue: temporal.taskQueue,
      args: [argumentWhole],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${name} ${version}`,
      staticDetails: `Run ${run.id} of the plan **${name}** ${version}.`,
      priority: { priorityKey: run.priority },
      ...(known ? { typedSearchAttributes: attributesOf(run) } : {}),
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    if (!known || !lacksAttributes(error)) throw error;
    leftOutUntil = Date.now() + leftOutMs;
    return await start(temporal, run, argument);
  }
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

function attributesOf({ tenant, plan, labels }: StartRow): TypedSearchAttributes {
  const named = Object.entries(labels).map(([name, value]) => `${name}:${value}`);
  const attributes = new TypedSearchAttributes([
    { key: keyword(searchAttributes.tenant), value: tenant },
    { key: keyword(searchAttributes.plan), value: plan.name },
    { key: keyword(searchAttributes.version), value: plan.version },
    { key: keyword(searchAttributes.status), value: 'running' },
  ]);
  if (named.length === 0) return attributes;
  const key = defineSearchAttributeKey(searchAttributes.labels, SearchAttributeType.KEYWORD_LIST);
  return attributes.updateCopy([{ key, value: named }]);
}

function lacksAttributes(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    isGrpcServiceError(cause) &&
    (cause.code as number) === grpc.invalidArgument &&
    /search attribute/i.test(cause.details)
  );
}

/** Asks Temporal to cancel a run. One that it doesn't have yet is cancelled when it is started. */
export async function cancelWorkflow(temporal: Temporal, run: string, reason: string): Promise<void> {
  try {
    // The client's own call takes no reason, which people look for in Temporal's history.
    await temporal.within(startMsMax, () =>
      temporal.client.workflowService.requestCancelWorkflowExecution({
        namespace: temporal.namespace,
        workflowExecution: { workflowId: run },
        requestId: randomUUID(),
        reason,
      }),
    );
  } catch (error) {
    if (!(isGrpcServiceError(error) && (error.code as number) === grpc.notFound)) throw error;
  }
}
