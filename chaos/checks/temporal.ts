import { Connection } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stand } from '../stand';

/** What is listed is a moment behind what is. */
const seenWithinMs = 10_000;

/** No workflow is left open once every run has ended. Answers what does not hold. */
export async function checkTemporal({ temporalAddress }: Stand): Promise<string[]> {
  const connection = await Connection.connect({ address: temporalAddress });
  const deadline = Date.now() + seenWithinMs;
  try {
    for (;;) {
      const { count } = await connection.workflowService.countWorkflowExecutions({
        namespace: 'default',
        query: "ExecutionStatus = 'Running'",
      });
      const open = Number(count);
      if (open === 0) return [];
      if (Date.now() > deadline) return [`Temporal still has ${String(open)} workflows open.`];
      await sleep(200);
    }
  } finally {
    await connection.close();
  }
}
