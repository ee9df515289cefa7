import type { Supervision } from '../../contract/steer';
import type { LeadNode } from '../../contract/skeleton';
import { nothing, type Json, type Value } from '../../contract/value';
import type { Scope } from '../scope';
import { close, lastAttempt, saidOrNothing, type Assignment, type Work } from './assignments';

/** What a decision leads to. */
export interface Orders {
  /** To be tried, for the first time or again. */
  ordered: Assignment[];
  /** For a person to decide on, each with what the supervisor says of it. */
  escalated: { assignment: Assignment; why: Value }[];
}

interface Decided {
  work: Work;
  supervision: Supervision;
  /** Where the decision was taken. */
  place: string;
  /** Nothing more is handed out. */
  isLast: boolean;
}

/**
 * Applies a supervisor's verdicts and hands out what it assigns, up to the cap. What the plan's rules
 * change of it is recorded.
 */
export async function judge(step: LeadNode, scope: Scope, decided: Decided): Promise<Orders> {
  const { work, supervision, place } = decided;
  const orders: Orders = { ordered: [], escalated: [] };
  const overruled: Json[] = [];
  for (const { assignment: id, verdict, worker, feedback } of supervision.verdicts) {
    const assignment = work.assignments.find((each) => each.id === id);
    // The id was checked where the answer was read.
    if (assignment === undefined) throw new Error(`There is no assignment ${id} at ${scope.path}.`);
    const { output, objection } = lastAttempt(assignment);
    if (verdict === 'accept' && objection === null) close(assignment, 'accepted', output);
    else if (verdict === 'escalate') orders.escalated.push({ assignment, why: feedback });
    else {
      if (verdict === 'accept') overruled.push({ assignment: id, verdict, became: 'retry' });
      const said = verdict === 'accept' ? (objection ?? nothing) : saidOrNothing(feedback);
      const next = verdict === 'reassign' && worker !== null ? worker : nextWorker(step, assignment);
      if (verdict !== 'reassign' && next !== assignment.worker)
        overruled.push({ assignment: id, verdict: 'retry', became: 'reassign', worker: next });
      Object.assign(assignment, { worker: next, feedback: said });
      orders.ordered.push(assignment);
    }
  }
  if (overruled.length > 0) await scope.overrule(place, roleOf(step), { overruled });
  if (!decided.isLast) orders.ordered.push(...handOut(step, work, supervision));
  return orders;
}

/** As what the agent decides that hands out the work of a step. */
export function roleOf({ type }: LeadNode): 'supervisor' | 'manager' {
  return type === 'hierarchy' ? 'manager' : 'supervisor';
}

/** Who tries an assignment again: the same worker, unless it has had its tries. */
export function nextWorker({ workers, reassignAfter }: LeadNode, { worker, attempts }: Assignment) {
  const names = workers.map(({ name }) => name);
  const others = attempts.findLastIndex((attempt) => attempt.worker !== worker);
  const tries = attempts.length - 1 - others;
  if (reassignAfter === undefined || tries < reassignAfter) return worker;
  return names[(names.indexOf(worker) + 1) % names.length] ?? worker;
}

function handOut(step: LeadNode, work: Work, { assignments }: Supervision): Assignment[] {
  const room = step.maxAssignments - work.assignments.length;
  if (assignments.length > room) work.isSurplus = true;
  const handedOut = assignments.slice(0, room).map(({ worker, task }, index): Assignment => {
    const id = `a${String(work.assignments.length + index + 1)}`;
    const none = { attempts: [], feedback: nothing, output: nothing, escalations: 0 };
    return { id, worker, task, status: 'open', ...none };
  });
  work.assignments.push(...handedOut);
  return handedOut;
}
