import { createHash } from 'node:crypto';
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

/** Everything that reached the vendor, in order: the judge of what was really called and paid. */
export interface Record {
  add(entry: Omit<Entry, 'n'>): Entry;
  entries(): Entry[];
  totals(): Totals;
}

const entriesMax = 5000;
const textCharactersMax = 16_384;

/** Numbers and totals count from the start; of the entries the newest `entriesMax` are kept. */
export function openRecord(): Record {
  const kept: Entry[] = [];
  const dropped: Totals = { calls: 0, counts: 0, inputTokens: 0, outputTokens: 0 };
  let last = 0;
  return {
    add(entry) {
      const numbered = { n: ++last, ...entry };
      kept.push(numbered);
      if (kept.length > entriesMax) count(dropped, kept.shift());
      return numbered;
    },
    entries: () => kept.map((entry) => ({ ...entry })),
    totals() {
      const totals = { ...dropped };
      for (const entry of kept) count(totals, entry);
      return totals;
    },
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
