import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Service } from '../service';
import { troubleOf, type Trouble } from './stall';

const describeMsMax = 5_000;
/** Of the children of one run. Of more than that at work at once the others are not looked at. */
const childrenMax = 20;

export interface FoundTrouble {
  trouble: Trouble;
  workflowId: string;
  runId: string;
}

/** What keeps a workflow from going on, or a child that it waits for, or a child of that one. */
export async function findTrouble(
  { temporal }: Service,
  newest: WorkflowExecutionDescription,
): Promise<FoundTrouble | null> {
  const family = [newest];
  const waitedFor: string[] = [];
  for (const execution of family) {
    const { workflowId, runId } = execution;
    const trouble = troubleOf(execution, Date.now());
    if (trouble !== null) return { trouble, workflowId, runId };
    waitedFor.push(...(execution.raw.pendingChildren ?? []).flatMap(({ workflowId: id }) => id ?? []));
    while (waitedFor.length > 0 && family.length <= childrenMax) {
      const child = await describe(temporal, waitedFor.shift() ?? '');
      if (child?.status.name === 'RUNNING') family.push(child);
    }
  }
  return null;
}

async function describe(
  { client, within }: Service['temporal'],
  workflowId: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await within(describeMsMax, () => client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
