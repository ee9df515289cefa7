import type { RunEvent } from '../../contract/api';
import { limits } from '../../contract/limits';
import type { Json, Value } from '../../contract/value';
import type { Database } from '../../ledger/database';
import { isDatabaseAway } from '../../ledger/database-away';
import type { EventRow } from '../../ledger/events';
import { fromValue } from '../../ledger/values';
import { usd } from '../usage-view';

/** Members of an event's data that are values, by the event's type. */
const valuesOf: { [type: string]: readonly string[] } = {
  'run.finished': ['output'],
  'step.finished': ['output', 'decision'],
  'decision.made': ['decision'],
  'approval.decided': ['content'],
};

/** A stored event as clients see it: values read out, money in USD. */
export async function viewEvent(database: Database, event: EventRow & { tenant: string }): Promise<RunEvent> {
  const data = JSON.parse(event.data.toString('utf8')) as { [name: string]: Json };
  for (const name of valuesOf[event.type] ?? []) {
    const value = data[name] as Value | null | undefined;
    if (value !== null && value !== undefined) data[name] = await shown(database, event, value);
  }
  const { usage } = data;
  if (typeof usage === 'object' && usage !== null && 'costNano' in usage) {
    const { costNano, ...rest } = usage;
    data['usage'] = { ...rest, costUsd: usd(Number(costNano)) };
  }
  const { seq, type, at, run, step } = event;
  return { seq, type, at: at.toISOString(), runId: run, step, data };
}

/** The value whole, or where to read it if it would swell the stream or is there no more. */
async function shown(database: Database, event: EventRow & { tenant: string }, value: Value): Promise<Json> {
  const bytes = storedBytes(value);
  if (bytes <= limits.eventValueBytesMax) {
    try {
      return await fromValue(database, event.tenant, value);
    } catch (error) {
      // One event must not keep all others from their readers.
      if (isDatabaseAway(error)) throw error;
    }
  }
  const run = `/v1/runs/${event.run}`;
  const at = event.step === null ? run : `${run}/steps/${encodeURIComponent(event.step)}`;
  return { truncated: true, bytes, preview: 'preview' in value ? value.preview : '', at };
}

function storedBytes(value: Value): number {
  if ('inline' in value) return 0;
  if ('ref' in value) return value.bytes;
  return Object.values(value.parts).reduce((sum, part) => sum + storedBytes(part), 0);
}
