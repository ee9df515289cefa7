import { ApplicationFailure } from '@temporalio/common';
import type { CloseRun } from '../contract/activities';
import { FailureType } from '../contract/failures';
import { countOtherEntries } from '../ledger/journal';
import { fromValue } from '../ledger/values';
import { endCalls } from './end-calls';
import type { GatewayClient } from './gateway-client';
import type { Ports } from './ports';
import { takePlace, writeJournal } from './write-journal';

/** Words of a run's end that it is found by. */
const searchCharactersMax = 32_768;

/** Writes the run's end. Refuses a journal with a gap: then something that happened was not written. */
export async function closeRun(ports: Ports, gateway: GatewayClient, request: CloseRun): Promise<void> {
  const { database } = ports;
  const { tenant, run } = request.run;
  const { journal } = request;
  await takePlace(ports, { tenant, run, journal });
  const end = journal.entries.find((entry) => entry.type === 'run.finished');
  const [others, output] = await Promise.all([
    countOtherEntries(database, { tenant, run, journal }, request.count - journal.entries.length),
    end === undefined ? null : fromValue(database, tenant, end.data.output),
    endCalls(ports, gateway, tenant, run),
  ]);
  if (others + journal.entries.length !== request.count) {
    const message = `Of ${String(request.count)} journal entries of ${run}, ${String(others)} are written and ${String(journal.entries.length)} are here.`;
    throw ApplicationFailure.retryable(message, FailureType.journalGap);
  }
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  const search = `${text.slice(0, searchCharactersMax)} ${end?.data.error?.message ?? ''} ${end?.data.error?.code ?? ''}`;
  await writeJournal(ports, { tenant, run, journal, search });
}
