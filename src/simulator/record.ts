import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import type { Asked, Turn } from './wire';

/** One request that reached the vendor, whatever became of it. Counts are what a vendor would bill. */
export interface Entry {
  /** 1, 2, 3 … since the start. */
  n: number;
  /** When it had arrived, RFC 3339. */
  at: string;
  path: string;
  requestId: string;
  model: string;
  stream: boolean;
  maxTokens: number | null;
  /** SHA-256, hex, of system prompt, messages and schema. */
  hash: string;
  /** Texts, each cut at `textCharactersMax`. */
  system: string;
  messages: Turn[];
  structured: boolean;
  traceparent: string | null;
  /** The type of fault or answer that a script gave it, else null. */
  scripted: string | null;
  /** Null while nothing has been answered. */
  status: number | null;
  inputTokens: number;
  outputTokens: number;
  firstByteAt: string | null;
  completedAt: string | null;
  closedByClient: boolean;
}

export interface Totals {
  /** Requests for an answer, whatever became of them. */
  calls: number;
  /** Requests to count tokens, which cost nothing. */
  counts: number;
  inputTokens: number;
  outputTokens: number;
}

/** What can happen to a request after it was received. `closed`: its connection or its answer is at its end. */
export type Happening = 'first_byte' | 'completed' | 'closed';

/** A line of the ledger file: the request as it came, then what happened to it and what it cost by then. */
export type LedgerLine =
  | ({ event: 'received' } & Entry)
  | ({ event: Happening; at: string } & Pick<
      Entry,
      'n' | 'status' | 'inputTokens' | 'outputTokens' | 'closedByClient'
    >);

/** Everything that reached the vendor, in order: the judge of what was really called and paid. */
export interface Record {
  add(entry: Omit<Entry, 'n'>): Entry;
  /** Says what became of a request; `entry` holds the figures. */
  note(entry: Entry, what: Happening): void;
  entries(): Entry[];
  totals(): Totals;
}

const entriesMax = 5000;
const textCharactersMax = 16_384;

/**
 * Numbers and totals count from the start; of the entries the newest `entriesMax` are kept. To a file,
 * where one is given, a line of JSON is appended for everything that happens.
 */
export function openRecord(file?: string): Record {
  const append = appender(file);
  const kept: Entry[] = [];
  const dropped: Totals = { calls: 0, counts: 0, inputTokens: 0, outputTokens: 0 };
  let last = 0;
  return {
    add(entry) {
      const numbered = { n: ++last, ...entry };
      kept.push(numbered);
      if (kept.length > entriesMax) count(dropped, kept.shift());
      append({ event: 'received', ...numbered });
      return numbered;
    },
    note({ n, status, inputTokens, outputTokens, closedByClient }, what) {
      const at = new Date().toISOString();
      append({ event: what, at, n, status, inputTokens, outputTokens, closedByClient });
    },
    entries: () => kept.map((entry) => ({ ...entry })),
    totals() {
      const totals = { ...dropped };
      for (const entry of kept) count(totals, entry);
      return totals;
    },
  };
}

/** Written before the vendor goes on, so that the file never knows less than a client. */
function appender(file: string | undefined): (line: LedgerLine) => void {
  if (file === undefined) return () => undefined;
  const descriptor = openSync(file, 'a');
  return (line) => {
    writeSync(descriptor, `${JSON.stringify(line)}\n`);
  };
}

function count(totals: Totals, entry: Entry | undefined): void {
  if (entry === undefined) return;
  if (entry.path === messagesPath) totals.calls += 1;
  else totals.counts += 1;
  totals.inputTokens += entry.inputTokens;
  totals.outputTokens += entry.outputTokens;
}

export const messagesPath = '/v1/messages';

/** The part of an entry that says what was asked. */
export function contentOf(
  asked: Asked,
): Pick<Entry, 'model' | 'hash' | 'system' | 'messages' | 'structured'> {
  const { model, system, turns, schema } = asked;
  return {
    model,
    hash: createHash('sha256')
      .update(JSON.stringify([system, turns, schema]))
      .digest('hex'),
    system: system.slice(0, textCharactersMax),
    messages: turns.map(({ role, text }) => ({ role, text: text.slice(0, textCharactersMax) })),
    structured: schema !== null,
  };
}
