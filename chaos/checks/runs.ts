import type { RunListItem } from '../../src/contract/api';
import type { LedgerCall, LedgerRun } from '../ledger';
import type { Asked } from '../load';

export interface Runs {
  asked: readonly Asked[];
  /** All runs of the round as the API lists them. */
  listed: readonly RunListItem[];
  /** The same as they stand in Postgres. */
  kept: readonly LedgerRun[];
  calls: readonly LedgerCall[];
}

/** Nothing acknowledged is lost or doubled, and everything has come to its end. Answers what does not hold. */
export function checkRuns({ asked, listed, kept, calls }: Runs): string[] {
  const byMark = groupedBy(listed, ({ labels }) => labels['mark'] ?? '');
  const marks = new Set(asked.map(({ mark }) => mark));
  return [
    ...asked.flatMap((one) => checkAsked(one, byMark.get(one.mark) ?? [])),
    ...[...byMark.keys()]
      .filter((mark) => !marks.has(mark))
      .map((mark) => `Nobody asked for the run ${mark}.`),
    ...checkUsage(listed, calls),
    ...kept.flatMap((run) =>
      checkKept(run, asked.find(({ mark }) => mark === run.mark)?.shape.approvals ?? 0),
    ),
    ...(kept.length === listed.length
      ? []
      : [`The API lists ${String(listed.length)} runs, Postgres holds ${String(kept.length)}.`]),
  ];
}

function checkAsked({ mark, run }: Asked, found: readonly RunListItem[]): string[] {
  const [first, ...more] = found;
  if (first === undefined)
    return [
      run === null ? `${mark} was never acknowledged.` : `${mark} was acknowledged as ${run} and is lost.`,
    ];
  const violations: string[] = [];
  if (more.length > 0)
    violations.push(
      `One key, ${String(found.length)} runs: ${mark} is ${found.map(({ id }) => id).join(', ')}.`,
    );
  if (first.id !== run) violations.push(`${mark} was acknowledged as ${String(run)} and is ${first.id}.`);
  if (first.status !== 'completed')
    violations.push(
      `${mark} (${first.id}) ended ${first.status}: ${first.statusReason ?? 'no reason given'}.`,
    );
  return violations;
}

/** What a run says that it used is what its calls used. */
function checkUsage(listed: readonly RunListItem[], calls: readonly LedgerCall[]): string[] {
  const byRun = groupedBy(calls, ({ run }) => run);
  const sum = (of: readonly LedgerCall[], part: (call: LedgerCall) => number): number =>
    of.reduce((total, call) => total + part(call), 0);
  return listed.flatMap(({ id, usage }) => {
    const own = byRun.get(id) ?? [];
    const said = [
      usage.modelCalls,
      usage.inputTokens,
      usage.outputTokens,
      Math.round(usage.costUsd * 1e9),
    ].join(' ');
    const summed = [
      sum(own, ({ attempts }) => attempts),
      sum(own, ({ inputTokens }) => inputTokens),
      sum(own, ({ outputTokens }) => outputTokens),
      sum(own, ({ costNano }) => costNano),
    ].join(' ');
    return said === summed ? [] : [`${id} says that it used ${said}; its calls used ${summed}.`];
  });
}

function checkKept(run: LedgerRun, approvals: number): string[] {
  const violations: string[] = [];
  const say = (what: string): number => violations.push(`${run.mark} (${run.run}): ${what}.`);
  const { events, firstEvent, lastEvent, lastSeq } = run;
  if (firstEvent !== 1 || lastEvent !== events || lastSeq !== events)
    say(
      `${String(events)} events from ${String(firstEvent)} to ${String(lastEvent)}, last number ${String(lastSeq)}`,
    );
  if (run.ends !== 1) say(`${String(run.ends)} events of the type run.finished`);
  if (run.lastType !== 'run.finished') say(`its last event is ${run.lastType}`);
  if (run.decisions !== approvals) say(`${String(run.decisions)} decisions instead of ${String(approvals)}`);
  if (run.reservedCalls !== 0) say(`${String(run.reservedCalls)} calls are still reserved`);
  if (run.unexplainedNano !== 0) say(`${String(run.unexplainedNano)} nano-USD are reserved for nothing`);
  return violations;
}

function groupedBy<Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return groups;
}
