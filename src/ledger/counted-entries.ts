import type { JournalEntry } from '../contract/journal';
import { pathOfChild, type WrittenEntries } from '../contract/workflow';
import type { Database } from './database';

export interface Reset {
  tenant: string;
  run: string;
  /** The newest Temporal run, made by a reset or continued from one that was. */
  temporalRun: string;
  /** Which entries were written before the point of the reset. */
  written: WrittenEntries;
}

/** An event that stands for a journal entry, or came with one. */
export interface CountedEntry {
  seq: number;
  entry: JournalEntry;
}

interface Row {
  seq: number;
  n: number;
  temporalRun: string;
  at: Date;
  step: string | null;
  type: string;
  data: Buffer;
}

/**
 * The entries that count after a reset, in order: of those up to its point the ones of the execution
 * that was reset, and so on back through what that one had gone on from, however others went on since.
 */
export async function readCounted(database: Database, reset: Reset): Promise<CountedEntry[]> {
  const { tenant, run } = reset;
  const lineage = await readLineage(database, reset);
  const { rows } = await database.query<Row>(
    `SELECT seq, coalesce(entry, with_entry) AS n, temporal_run AS "temporalRun", at, step, type, data
     FROM run_events
     WHERE tenant = $1 AND run = $2 AND coalesce(entry, with_entry) IS NOT NULL AND child IS NULL
       AND temporal_run = ANY ($3::text[])
     ORDER BY n, seq`,
    [tenant, run, lineage.map(({ id }) => id)],
  );
  const owners = new Map<number, string>();
  for (const { id, counts } of lineage)
    for (const { n, temporalRun } of rows)
      if (temporalRun === id && counts(n) && !owners.has(n)) owners.set(n, id);
  const own = rows.filter(({ n, temporalRun }) => owners.get(n) === temporalRun).map(countedOf);
  const ofChildren = await readChildren(database, reset, own);
  return [...own, ...ofChildren].sort((left, right) => left.entry.n - right.entry.n || left.seq - right.seq);
}

/** What children wrote counts where the step that they carry out had begun. */
async function readChildren(
  database: Database,
  { tenant, run }: Reset,
  own: CountedEntry[],
): Promise<CountedEntry[]> {
  const { rows } = await database.query<Row & { childPath: string }>(
    `SELECT seq, coalesce(entry, with_entry) AS n, temporal_run AS "temporalRun", at, step, type, data,
       child_path AS "childPath"
     FROM run_events
     WHERE tenant = $1 AND run = $2 AND coalesce(entry, with_entry) IS NOT NULL AND child IS NOT NULL AND NOT superseded
     ORDER BY n, seq`,
    [tenant, run],
  );
  const begun = new Set<string | null>();
  const note = ({ entry }: CountedEntry) => {
    if (entry.type === 'step.started') begun.add(entry.step);
  };
  own.forEach(note);
  // A child of a child comes after it.
  const outermostFirst = rows.sort((left, right) => depthOf(left.childPath) - depthOf(right.childPath));
  return outermostFirst.flatMap((row) => {
    if (!begun.has(pathOfChild(row.childPath))) return [];
    const counted = countedOf(row);
    note(counted);
    return [counted];
  });
}

/** How deep the step of a child is in the flow. */
function depthOf(key: string): number {
  const path = pathOfChild(key);
  return path === 'root' ? 0 : path.split('.').length;
}

function countedOf({ seq, at, data, n, step, type }: Row): CountedEntry {
  const json = JSON.parse(data.toString('utf8')) as unknown;
  // What was written as an entry is one.
  return { seq, entry: { n, at: at.toISOString(), step, type, data: json } as JournalEntry };
}

interface Ancestor {
  id: string;
  /** Whether this entry, if it wrote it, was taken over by all that go on from it. */
  counts: (n: number) => boolean;
}

/** The newest Temporal run and what it goes on from, the nearest first. */
async function readLineage(
  database: Database,
  { tenant, run, temporalRun, written }: Reset,
): Promise<Ancestor[]> {
  const { rows } = await database.query<{ id: string; base: string | null; writtenJson: string | null }>(
    `SELECT id, base, written_json AS "writtenJson" FROM temporal_runs WHERE tenant = $1 AND run = $2`,
    [tenant, run],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  const lineage: Ancestor[] = [{ id: temporalRun, counts: () => true }];
  let counts = isAmong(written);
  for (let id = known.get(temporalRun)?.base ?? null; id !== null; id = known.get(id)?.base ?? null) {
    lineage.push({ id, counts });
    counts = both(counts, isAmong(cutOf(known.get(id)?.writtenJson ?? null)));
  }
  return lineage;
}

/** What an execution took over from its base; all where it did not come from a reset. */
function cutOf(json: string | null): WrittenEntries {
  return json === null ? { upTo: Infinity, beyond: [] } : (JSON.parse(json) as WrittenEntries);
}

function isAmong({ upTo, beyond }: WrittenEntries): (n: number) => boolean {
  const single = new Set(beyond);
  return (n) => n <= upTo || single.has(n);
}

function both(left: (n: number) => boolean, right: (n: number) => boolean): (n: number) => boolean {
  return (n) => left(n) && right(n);
}
