import type { LeadNode } from '../../contract/skeleton';
import { nothing } from '../../contract/value';
import { escalationOf, unresolved } from '../escalation';
import type { Unwinding } from '../outcome';
import { pathOf, type Matter, type Scope, type Settled } from '../scope';
import { close, forPerson, saidOrNothing, type Assignment } from './assignments';
import { nextWorker, roleOf, type Orders } from './verdicts';

/**
 * Has people decide on what the supervisor escalated. Answers what they want tried again, or how the
 * step ends.
 */
export async function askForHelp(
  step: LeadNode,
  scope: Scope,
  escalated: Orders['escalated'],
): Promise<Assignment[] | Unwinding> {
  const matters: Matter[] = [];
  // One after another: the content of each may be an evaluation, and people are asked in this order.
  for (const each of escalated) matters.push(await matterOf(step, scope, each));
  const settled = await Promise.all(matters.map((matter) => scope.decide(matter)));
  const again: Assignment[] = [];
  for (const [index, { assignment }] of escalated.entries()) {
    const decided = settled[index];
    if (decided === undefined) continue;
    const end = settle(step, scope, { assignment, settled: decided, again });
    if (end !== null) return end;
  }
  return again;
}

async function matterOf(
  step: LeadNode,
  scope: Scope,
  { assignment, why }: Orders['escalated'][number],
): Promise<Matter> {
  return escalationOf({
    title: `${pathOf(scope.path, assignment.id)}: the ${roleOf(step)} asks what to do`,
    content: await scope.compose(forPerson(assignment, why)),
    reason: `The ${roleOf(step)} escalated the assignment ${assignment.id} of ${assignment.worker}.`,
    retries: assignment.escalations++,
  });
}

interface Settling {
  assignment: Assignment;
  settled: Settled;
  again: Assignment[];
}

function settle(step: LeadNode, scope: Scope, { assignment, settled, again }: Settling): Unwinding | null {
  const path = pathOf(scope.path, assignment.id);
  switch (settled.decision) {
    case 'retry': {
      const feedback = saidOrNothing({ inline: settled.comment ?? '' });
      Object.assign(assignment, { worker: nextWorker(step, assignment), feedback });
      again.push(assignment);
      return null;
    }
    case 'answer':
      close(assignment, 'accepted', settled.content);
      return null;
    case 'skip':
      close(assignment, 'skipped', nothing);
      scope.note(path, 'not_approved', `${settled.by} left the assignment out.`);
      return null;
    default:
      return unresolved(path, settled);
  }
}
