import { setTimeout as sleep } from 'node:timers/promises';
import type { ApprovalList } from '../src/contract/approvals-api';
import type { z } from 'zod';
import type { Client } from './client';

const everyMs = 500;
/** What says that somebody was faster: here an answer of one's own that was lost. */
const alreadyDecided = 409;

/** The person of a round: approves all that is asked, as soon as it is seen. Ends with `signal`. */
export async function decideAll(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = await client.get<z.infer<typeof ApprovalList>>(
      '/v1/approvals?status=pending&limit=200',
    );
    for (const { id, digest } of items) {
      const decision = { decision: 'approve', digest };
      const { status, body } = await client.post<unknown>(`/v1/approvals/${id}`, decision, `approve-${id}`);
      if (status !== 200 && status !== alreadyDecided)
        throw new Error(`The approval ${id} was refused with ${String(status)}: ${JSON.stringify(body)}`);
    }
    await sleep(everyMs);
  }
}
