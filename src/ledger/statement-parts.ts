/** Takes a parameter and gives its place in the statement. */
export type Place = (value: unknown) => string;

/** Places of what a whole statement is about. */
export interface Scope {
  tenant: string;
  run: string;
  temporalRun: string;
}

/** Counts a run's entries beside these: those of all its Temporal runs that no reset has taken back. */
export function countBeside({ tenant, run }: { tenant: string; run: string }, entries: string): string {
  return `SELECT count(*) AS count FROM run_events
    WHERE tenant = ${tenant} AND run = ${run} AND child IS NULL AND entry IS NOT NULL AND NOT superseded
      AND NOT entry = ANY (${entries}::int[])`;
}

/** The calls of a run that may still cost something. */
export function openCalls({ tenant, run }: { tenant: string; run: string }): string {
  return `SELECT FROM calls WHERE tenant = ${tenant} AND run = ${run} AND state IN ('registered', 'reserved', 'sent')`;
}

/** Text columns refuse NUL, and UTF-8 has no lone surrogates. */
export function safe<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.toWellFormed().replaceAll('\u0000', '')) as Text;
}
