import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

/** Temporal ends a run long before its history is this large. */
const bytesMax = 512 * 1024 * 1024;

const Event = z.looseObject({ eventId: z.union([z.string(), z.number()]), eventType: z.string() });
export type HistoryEvent = z.infer<typeof Event>;

/** A history as `/v1/runs/{id}/history` and `temporal workflow show --output json` write it. */
export const History = z.looseObject({
  events: z
    .array(Event)
    .min(1, 'holds no event')
    .refine(([first]) => first?.eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED', {
      error: 'does not begin with the start of a workflow',
    }),
});
export type History = z.infer<typeof History>;

/** One history to replay, or why there is none. `name` is what a person knows it by. */
export type Reading =
  { type: 'history'; name: string; history: History } | { type: 'unreadable'; name: string; reason: string };

/** Reads one file: JSON, or JSON compressed with gzip where its name says so. */
export function readHistoryFile(file: string, name: string): Reading {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
    if (file.endsWith('.gz')) bytes = gunzipSync(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    return { type: 'unreadable', name, reason: error instanceof Error ? error.message : String(error) };
  }
  return parseHistory(bytes.toString('utf8'), name);
}

/** Takes a text for a history. */
export function parseHistory(text: string, name: string): Reading {
  const unreadable = (reason: string): Reading => ({ type: 'unreadable', name, reason });
  if (text.trim() === '') return unreadable('is empty');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unreadable('is not JSON');
  }
  const parsed = History.safeParse(json);
  if (parsed.success) return { type: 'history', name, history: parsed.data };
  const [issue] = parsed.error.issues;
  const isOurs = issue?.code === 'too_small' || issue?.code === 'custom';
  return unreadable(isOurs ? issue.message : 'is not a history of Temporal');
}
