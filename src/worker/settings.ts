import type { WorkerOptions } from '@temporalio/worker';
import { limits } from '../contract/limits';

/** How long activities under way may go on when the worker is told to stop. */
export const graceMs = 5_000;

/** What of a worker's options was measured to matter; see bench/README.md. */
export const workerSettings = {
  // What parked runs cost is memory; what active ones gain is not being replayed at every step.
  maxCachedWorkflows: 50,
  maxConcurrentActivityTaskExecutions: limits.activitiesMax,
  // After a worker's death its runs wait so long before another one takes them.
  stickyQueueScheduleToStartTimeout: '2 seconds',
  maxHeartbeatThrottleInterval: '1 second',
  shutdownGraceTime: graceMs,
} satisfies Partial<WorkerOptions>;
