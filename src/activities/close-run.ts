import { ApplicationFailure } from '@temporalio/common';
import type { CloseRun } from '../contract/activities';
import { FailureType } from '../contract/failures';
import type { JournalEntry } from '../contract/journal';
import { countOtherEntries } from '../ledger/journal';
import { fromValue } from '../ledger/values';
import { endCalls } from './end-calls';
import type { GatewayClient } from './gateway-client';
import type { Ports } from './ports';
import { takePlace, writeJournal, writeWholeEnd } from './write-journal';

/** Words of a run's end that it is found by. */
const searchCharactersMax = 32_768;

/** Writes the run's end. Refuses a journal with a gap: then something that happened was not written. */
export async function closeRun(ports: Ports, gateway: GatewayClient, request: CloseRun): Promise<void> {
  const { tenant, run } = request.run;
  const { journal } = request;
  const write = { tenant, run, journal, search: await wordsOf(ports, tenant, journal.entries) };
  const others = request.count - journal.entries.length;
  // Nearly always everything is in order, and one statement does.
  if (await writeWholeEnd(ports, write, others)) return;
  await takePlace(ports, write);
  const [counted] = await Promise.all([
    countOtherEntries(ports.database, write, others),
    endCalls(ports, gateway, tenant, run),
  ]);
  if (counted !== others) {
    const message = `Of ${String(request.count)} journal entries of ${run}, ${String(counted)} are written and ${String(journal.entries.length)} are here.`;
    throw ApplicationFailure.retryable(message, FailureType.journalGap);
  }
  await writeJournal(ports, write);
}

/** What a run is found by of its end. */
async function wordsOf({ database }: Ports, tenant: string, entries: JournalEntry[]): Promise<string> {
  const end = entries.find((entry) => entry.type === 'run.finished');
  const output = end === undefined ? null : await fromValue(database, tenant, end.data.output);
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return `${text.slice(0, searchCharactersMax)} ${end?.data.error?.message ?? ''} ${end?.data.error?.code ?? ''}`;
}
