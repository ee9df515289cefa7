import type { CallState, Stop } from '../contract/gateway';
import type { CallRow } from '../ledger/calls';
import { getContent } from '../ledger/contents';
import type { Database } from '../ledger/database';

/** Whether the row is on its way, in this gateway's hands or in another's. */
export function isOpen(row: CallRow): boolean {
  return row.state === 'registered' || row.state === 'reserved' || row.state === 'sent';
}

/** What a caller is told of a row. */
export async function stateOf(database: Database, row: CallRow): Promise<CallState> {
  switch (row.state) {
    case 'registered':
    case 'reserved':
      return { state: 'pending', phase: 'registered' };
    case 'sent':
      return { state: 'pending', phase: 'sent' };
    case 'cancelled':
      return { state: 'cancelled' };
    case 'over_budget':
      return { state: 'over_budget', budget: row.fault ?? '', reason: row.fault_message ?? '' };
    case 'failed':
      return failed(row);
    case 'waiting':
      return waiting(row);
    case 'done':
      return done(database, row);
  }
}

function failed(row: CallRow): CallState {
  const message = row.fault_message ?? '';
  const retryInMs = row.retry_in_ms === null ? null : Math.max(0, Math.ceil(row.retry_in_ms));
  return { state: 'failed', fault: row.fault ?? '', message, attempts: row.attempts, retryInMs };
}

function waiting({ key, wait_cause: cause, retry_in_ms: ms, fault_message: reason }: CallRow): CallState {
  if (cause === null || ms === null) throw new Error(`Call ${key} waits for nothing.`);
  return { state: 'wait', reason: reason ?? '', ms: Math.max(1, Math.ceil(ms)), cause };
}

async function done(database: Database, row: CallRow): Promise<CallState> {
  if (row.answer_hash === null) throw new Error(`Call ${row.key} is done without an answer.`);
  const body = await getContent(database, row.tenant, row.answer_hash);
  return {
    state: 'done',
    ref: row.answer_hash,
    text: JSON.parse(body.toString('utf8')) as string,
    stop: row.stop as Stop,
    vendorStop: row.vendor_stop ?? '',
    usage: {
      modelCalls: row.attempts,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      cachedTokens: row.cached_tokens,
      costNano: row.cost_nano,
    },
    model: row.vendor_model ?? row.model,
    simulated: row.simulated,
    capLowered: row.cap_lowered,
    attempts: row.attempts,
    ambiguous: row.ambiguous,
  };
}
