import { Context } from '@temporalio/activity';
import type { Database } from '../ledger/database';
import { settlePlace, writeEnd, writeEntries } from '../ledger/journal';
import type { JournalWrite } from '../ledger/journal-statement';
import { followTemporal } from '../temporal-runs';
import type { Ports } from './ports';

/**
 * Writes the entries that an activity carries, as the Temporal run that carries it out: after a reset
 * an activity that was scheduled before goes on under the new one. Where the ledger doesn't know that
 * one yet, Temporal is asked. Throws where it was replaced: nobody hears of what it does any more.
 */
export async function writeJournal({ database }: Ports, write: JournalWrite): Promise<void> {
  const executor = executorOf(write);
  for (;;) {
    const written = await writeEntries(database, { ...write, executor });
    if (written.type !== 'elsewhere') return;
    await follow(database, write, written.current);
  }
}

/** Writes a run's end where nothing stands in its way; answers false where something does. */
export async function writeWholeEnd(
  { database }: Ports,
  write: JournalWrite,
  others: number,
): Promise<boolean> {
  return await writeEnd(database, { ...write, executor: executorOf(write) }, others);
}

/**
 * Sees to it that the ledger holds the journal of just this Temporal run, so that it can be counted, or
 * added to otherwise. Of a child, which writes beside the run's own, nothing is asked.
 */
export async function takePlace({ database }: Ports, write: JournalWrite): Promise<void> {
  if (write.journal.child !== undefined) return;
  for (;;) {
    const place = await settlePlace(database, { ...write, executor: executorOf(write) });
    if (place.type !== 'elsewhere') return;
    await follow(database, write, place.current);
  }
}

async function follow(database: Database, write: JournalWrite, known: string): Promise<void> {
  const { tenant, run } = write;
  const newest = await followTemporal(Context.current().client, database, { tenant, run, known });
  const executor = executorOf(write);
  // Thrown and not passed over: were it wrong, the entries would be lost.
  if (newest.runId !== executor) throw new Error(`${executor} was replaced by ${newest.runId}.`);
}

/** The Temporal run that carries out this activity. */
function executorOf({ journal }: JournalWrite): string {
  return Context.current().info.workflowExecution?.runId ?? journal.temporalRun;
}
