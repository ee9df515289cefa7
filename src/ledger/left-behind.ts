import type { Projection, RunPatch } from './projection';
import type { Place, Scope } from './statement-parts';

/**
 * A query for what a run leaves behind, as the events that come with its end: approvals that nobody
 * decided on, then open steps, the innermost first. `told` is what the statement says itself. Columns:
 * `part`, `place`, `step`, `type`, `data`, in the order of the first two.
 */
export function leftBehind(
  { tenant, run }: { tenant: string; run: string },
  { told, stateVersion, place }: { told: Projection; stateVersion: string; place: Place },
): string {
  const approvals = place([...told.decided.map(({ approval }) => approval), ...told.expired]);
  const left = new Set(told.left);
  const open = told.steps.filter(({ path }) => left.has(path));
  const ended = place(told.steps.flatMap(({ path }) => (left.has(path) ? [] : [path])));
  const columns = [
    `${place(open.map(({ path }) => path))}::text[]`,
    `${place(open.map(({ type }) => type))}::text[]`,
    `${place(open.map(({ id }) => id))}::text[]`,
  ];
  return `SELECT part, row_number() OVER (PARTITION BY part ORDER BY position DESC NULLS FIRST, i DESC) AS place, step, type, data
    FROM (
      SELECT 1 AS part, s.position, 0 AS i, a.path AS step, 'approval.decided' AS type,
        json_build_object('approval', a.id, 'status', 'cancelled', 'decision', null, 'by', 'system',
          'comment', null, 'via', 'policy', 'content', null)::text AS data
      FROM approvals a LEFT JOIN steps s ON s.tenant = a.tenant AND s.run = a.run AND s.path = a.path
      WHERE a.tenant = ${tenant} AND a.run = ${run} AND a.status = 'pending' AND NOT a.id = ANY (${approvals}::text[])
      UNION ALL
      SELECT 2, s.position, s.i, s.path, 'step.finished',
        json_build_object('type', s.type, 'id', s.id, 'status', 'cancelled', 'output', json_build_object('inline', null),
          'decision', null, 'error', null, 'stateVersion', ${stateVersion})::text
      FROM (
        SELECT o.path, o.type, o.id, o.position, 0 AS i FROM steps o
        WHERE o.tenant = ${tenant} AND o.run = ${run} AND o.status IN ('running', 'waiting')
          AND NOT o.path = ANY (${ended}::text[])
        UNION ALL
        SELECT b.path, coalesce(b.type, ''), b.id, NULL, b.i
        FROM unnest(${columns.join(', ')}) WITH ORDINALITY AS b (path, type, id, i)
        WHERE NOT EXISTS (SELECT FROM steps o WHERE o.tenant = ${tenant} AND o.run = ${run} AND o.path = b.path)) s) behind`;
}

/** What a run leaves behind, beside the facts of its last batch: before its end, with which a reset takes it back. */
export function leftFacts(scope: Scope, told: Projection, place: Place): string {
  const { run } = told;
  if (!run?.finished || !mayLeave(run)) return '';
  const { entry, stateVersion, finished } = run;
  const known = `(SELECT state_version FROM runs WHERE tenant = ${scope.tenant} AND id = ${scope.run})`;
  const version = `greatest(${known}, ${place(stateVersion)}::int)`;
  return `UNION ALL
      SELECT ${place(entry)}::int, NULL, l.type, ${place(finished.at)}::timestamptz, l.step, convert_to(l.data, 'UTF8'), l.place, l.part
      FROM (${leftBehind(scope, { told, stateVersion: version, place })}) l`;
}

/** Whether a run can have ended before its steps did: one that came to its own end has ended them all. */
export function mayLeave({ finished }: RunPatch): boolean {
  return finished !== null && finished.status !== 'completed' && finished.status !== 'partial';
}

/**
 * Whether nothing has been written of the run, whose row is `r`, since the statement began: what it
 * leaves behind is read before the row is locked.
 */
export function isAsRead({ tenant, run }: { tenant: string; run: string }): string {
  return `r.last_seq = (SELECT last_seq FROM runs WHERE tenant = ${tenant} AND id = ${run})`;
}
