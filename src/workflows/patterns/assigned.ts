import type { LeadNode } from '../../contract/skeleton';
import { isNothing, nothing, type Value } from '../../contract/value';
import { isFinished, outputOf, type Outcome, type Unwinding } from '../outcome';
import type { Slice } from '../../contract/activities';
import type { Branch, Scope } from '../scope';
import { lastAttempt, openOf, type Assignment, type Attempt, type Work } from './assignments';

/** The same output of the same worker for the same task so many times is a loop. */
const sameOutputsMax = 3;

/**
 * Has workers try what was ordered, so many at a time, and notes what each brought. A failure is a
 * result like others; only a rejection, or a stop that belongs further up, is answered.
 */
export async function carryOut(
  step: LeadNode,
  scope: Scope,
  { work, ordered }: { work: Work; ordered: Assignment[] },
): Promise<Unwinding | null> {
  const open = new Set<Branch>();
  // Of a team's share what it does not use is left for others.
  const slice =
    step.type === 'hierarchy' && ordered.length > 0 ? await scope.slice(openOf(work).length) : undefined;
  const end: { unwinding: Unwinding | null } = { unwinding: null };
  let next = 0;

  async function drive(): Promise<void> {
    while (next < ordered.length && end.unwinding === null) {
      const assignment = ordered[next++];
      if (assignment === undefined) return;
      const branch = begin(step, scope, { ...assignment, slice });
      open.add(branch);
      const outcome = await branch.outcome;
      open.delete(branch);
      const ended = note(assignment, outcome);
      if (ended === null) continue;
      end.unwinding ??= ended;
      // What others have begun when money runs out is paid for, and may come to its end.
      if (ended.type === 'rejected') for (const one of open) one.end('another assignment ended the step');
    }
  }
  await Promise.all(Array.from({ length: Math.min(step.concurrency, ordered.length) }, drive));
  if (end.unwinding !== null) return end.unwinding;
  for (const assignment of ordered) {
    await check(step, scope, assignment);
    watchForLoop(work, assignment);
  }
  return null;
}

function begin(
  step: LeadNode,
  scope: Scope,
  { id, worker, task, feedback, attempts, slice }: Assignment & { slice: Slice | undefined },
) {
  const chosen = step.workers.find(({ name }) => name === worker);
  // The name was checked where the answer was read.
  if (chosen === undefined) throw new Error(`There is no worker ${worker} at ${scope.path}.`);
  return scope.branch(chosen.step, `${id}.${String(attempts.length + 1)}`, {
    names: { task, feedback },
    handed: [
      { name: 'task', value: task },
      ...(isNothing(feedback) ? [] : [{ name: 'feedback', value: feedback }]),
    ],
    repeated: true,
    ...(slice === undefined ? {} : { slice }),
  });
}

/** Adds what became of an attempt; answers what is not the supervisor's to judge. */
function note(assignment: Assignment, outcome: Outcome): Unwinding | null {
  if (!isFinished(outcome) && outcome.type !== 'failed') return outcome;
  const { worker, feedback } = assignment;
  assignment.attempts.push({ worker, feedback, ...resultOf(outcome) });
  return null;
}

/** Checks come before the supervisor's opinion, and stand against it. */
async function check(step: LeadNode, scope: Scope, assignment: Assignment): Promise<void> {
  const last = lastAttempt(assignment);
  if (step.checks === undefined || last.objection !== null) return;
  const { passed, messages } = await scope.check(step.checks, last.output);
  last.checks = { parts: { passed: { inline: passed }, messages } };
  if (!passed) last.objection = messages;
}

function resultOf(outcome: Outcome): Pick<Attempt, 'output' | 'error' | 'checks' | 'objection'> {
  if (isFinished(outcome))
    return { output: outputOf(outcome), error: nothing, checks: nothing, objection: null };
  const { code, message } = outcome.type === 'failed' ? outcome.error : { code: outcome.type, message: '' };
  const objection: Value = { inline: `The worker failed. ${code}: ${message}` };
  return { output: nothing, error: { inline: { code, message } }, checks: nothing, objection };
}

function watchForLoop(work: Work, assignment: Assignment): void {
  const last = assignment.attempts.at(-1);
  if (last === undefined || !isNothing(last.error)) return;
  // Equal contents are equal values: small ones ride inline, large ones by what they are.
  const key = JSON.stringify([last.worker, assignment.task, last.output]);
  const times = (work.brought.get(key) ?? 0) + 1;
  work.brought.set(key, times);
  if (times >= sameOutputsMax) work.looping ??= assignment;
}
