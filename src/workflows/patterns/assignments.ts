import { isNothing, nothing, type Value } from '../../contract/value';
import type { Scope } from '../scope';

/** A piece of work that a supervisor handed out. Tried again, by whomever, it keeps its id. */
export interface Assignment {
  id: string;
  /** Who has it now. */
  worker: string;
  task: Value;
  status: 'open' | 'accepted' | 'skipped' | 'not_approved';
  attempts: Attempt[];
  /** What the next attempt is told. */
  feedback: Value;
  /** What counts, once it is accepted. */
  output: Value;
  /** How often a person was asked what to do with it. */
  escalations: number;
}

export interface Attempt {
  worker: string;
  feedback: Value;
  output: Value;
  /** `{ code, message }` where the worker failed. */
  error: Value;
  /** `{ passed, messages }` where the step has checks; nothing where there was nothing to check. */
  checks: Value;
  /** Why no model may accept it, as feedback for the next attempt; null where nothing speaks against it. */
  objection: Value | null;
}

/** What a supervisor has handed out so far. */
export interface Work {
  assignments: Assignment[];
  /** An assignment more was ordered than may be. */
  isSurplus: boolean;
  /** The one whose worker goes round in circles. */
  looping: Assignment | null;
  /** How often each worker brought each output for each task. */
  brought: Map<string, number>;
}

export function openOf({ assignments }: Work): Assignment[] {
  return assignments.filter(({ status }) => status === 'open');
}

export function close(assignment: Assignment, status: Exclude<Assignment['status'], 'open'>, output: Value) {
  Object.assign(assignment, { status, output });
}

/** The last attempt; an assignment that is judged has one. */
export function lastAttempt({ id, attempts }: Assignment): Attempt {
  const last = attempts.at(-1);
  if (last === undefined) throw new Error(`Nobody has tried the assignment ${id}.`);
  return last;
}

/** An open assignment as its supervisor sees it. */
export function forSupervisor(assignment: Assignment): Value {
  const { id, worker, task, attempts } = assignment;
  const { output, error, checks } = lastAttempt(assignment);
  const status = { inline: isNothing(error) ? 'completed' : 'failed' };
  const attempt = { inline: attempts.length };
  return {
    parts: { id: { inline: id }, worker: { inline: worker }, task, attempt, status, output, error, checks },
  };
}

/** An assignment as `final` sees it. What nobody accepted has no output. */
export function forFinal({ id, worker, task, status, output }: Assignment): Value {
  return {
    parts: { id: { inline: id }, worker: { inline: worker }, task, status: { inline: status }, output },
  };
}

/** Everything that became of an assignment, for a person. */
export function forPerson(assignment: Assignment, why: Value): { [name: string]: Value } {
  const history = assignment.attempts.map(({ worker, feedback, output, error, checks }) => ({
    parts: { worker: { inline: worker }, feedback, output, error, checks },
  }));
  const { output, error, checks } = lastAttempt(assignment);
  return {
    assignment: { inline: assignment.id },
    worker: { inline: assignment.worker },
    task: assignment.task,
    output,
    error,
    checks,
    why,
    history: { parts: history },
  };
}

/** Accepted outputs by assignment; where the work was cut short, those that nothing speaks against, too. */
export function resultsOf(scope: Scope, { assignments }: Work, cutShort: boolean): Promise<Value> {
  const entries = assignments.flatMap(({ id, status, output, attempts }): [string, Value][] => {
    if (status === 'accepted') return [[id, output]];
    const last = attempts.at(-1);
    return cutShort && status === 'open' && last?.objection === null ? [[id, last.output]] : [];
  });
  return scope.compose(Object.fromEntries(entries));
}

/** What was said, or nothing where nothing was. */
export function saidOrNothing(said: Value): Value {
  return 'inline' in said && typeof said.inline === 'string' && said.inline.trim() === '' ? nothing : said;
}
