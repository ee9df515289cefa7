import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { startPart } from './part';
import type { LedgerLine } from '../src/simulator/record';

/** One request that reached the vendor, as its own ledger has it. */
export interface VendorCall {
  n: number;
  requestId: string;
  model: string;
  /** `<mark>/<step>` of the harness's prompts, else an empty text. */
  logical: string;
  /** It answered to the last byte. */
  completed: boolean;
  /** Its connection is gone, whichever way. */
  closed: boolean;
  inputTokens: number;
  outputTokens: number;
}

/** The only oracle for money: a process that is never hit, and its append-only file. */
export interface Vendor {
  url: string;
  calls(): VendorCall[];
  stop(): Promise<void>;
  abandon(): void;
}

const answersPath = '/v1/messages';

/** Starts the scripted vendor on a ledger file in `folder`. */
export async function startVendor(options: {
  folder: string;
  latencyMs: number;
  note(line: string): void;
}): Promise<Vendor> {
  const { folder, latencyMs, note } = options;
  const ledgerFile = path.join(folder, 'vendor-ledger.jsonl');
  const part = startPart({
    name: 'vendor',
    module: 'simulator/main.js',
    settings: {
      SIMULATOR_PORT: '0',
      SIMULATOR_LATENCY_MS: String(latencyMs),
      SIMULATOR_LEDGER_FILE: ledgerFile,
      FERMATA_INTERNAL_KEY: undefined,
      FERMATA_CONFIG: undefined,
    },
    logFolder: folder,
    note,
  });
  const url = (await part.ready()) ?? '';
  return { url, calls: () => readLedger(ledgerFile), stop: () => part.stop(), abandon: part.abandon };
}

/** Reads a vendor's ledger file: requests for an answer, in the order in which they came. */
export function readLedger(file: string): VendorCall[] {
  if (!existsSync(file)) return [];
  const calls = new Map<number, VendorCall>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as LedgerLine;
    if (entry.event === 'received') {
      if (entry.path === answersPath) calls.set(entry.n, received(entry));
      continue;
    }
    const call = calls.get(entry.n);
    if (call === undefined) continue;
    call.inputTokens = entry.inputTokens;
    call.outputTokens = entry.outputTokens;
    if (entry.event === 'completed') call.completed = true;
    if (entry.event === 'closed') call.closed = true;
  }
  return [...calls.values()];
}

function received({ n, requestId, model, messages }: LedgerLine & { event: 'received' }): VendorCall {
  return {
    ...{ n, requestId, model, logical: logicalOf(messages[0]?.text ?? '') },
    ...{ completed: false, closed: false, inputTokens: 0, outputTokens: 0 },
  };
}

/** What every prompt of the harness ends with, so that the vendor's ledger tells which call it was. */
export function callMark(step: string): string {
  return `Call {{ input.mark }}/${step}.`;
}

// The last one: what stands before it is context, in which earlier answers may quote earlier prompts.
function logicalOf(prompt: string): string {
  return [...prompt.matchAll(/Call ([\w-]+\/[\w-]+)\./g)].at(-1)?.[1] ?? '';
}
