import {
  Client,
  Connection,
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type ClientPlugin,
} from '@temporalio/client';
import type { Config } from '../config';
import { temporalOptions } from '../temporal-options';

/** Temporal as the API uses it. */
export interface Temporal {
  client: Client;
  namespace: string;
  taskQueue: string;
  /** Runs calls of the client with a deadline for each of them. */
  within<Result>(timeoutMs: number, call: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Opens a client that connects when it is first used, so that the API can start before Temporal.
 * By the plugin of `startTelemetry` a workflow joins the trace of the request that started it.
 */
export function openTemporal(config: Config, plugins: ClientPlugin[] = []): Temporal {
  const connection = Connection.lazy({ ...temporalOptions(config), connectTimeout: '5s' });
  const client = new Client({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    plugins,
  });
  return {
    client,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: config.FERMATA_TASK_QUEUE,
    within: (timeoutMs, call) => connection.withDeadline(Date.now() + timeoutMs, call),
    close: () => connection.close(),
  };
}

const failedPrecondition = 9;
const passing = { cancelled: 1, deadlineExceeded: 4, resourceExhausted: 8, aborted: 10, unavailable: 14 };

/**
 * Whether an error says that a run takes no message now because its workflow task fails, as it does
 * where the worker's code doesn't fit the run, or that the task which had the message was not kept.
 */
export function isTaskFailing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    isGrpcServiceError(cause) &&
    (cause.code as number) === failedPrecondition &&
    /workflow task/i.test(cause.details)
  );
}

/** Whether an error says that Temporal could not be reached or did not answer in time. */
export function isTemporalAway(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? (error.cause ?? error) : error;
  if (isGrpcServiceError(cause)) return Object.values(passing).includes(cause.code);
  return (
    error instanceof ServiceError ||
    (error instanceof Error && /Failed to connect|channel .*closed/i.test(error.message))
  );
}
