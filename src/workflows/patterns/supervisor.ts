import type { Block } from '../../contract/activities';
import type { Supervision } from '../../contract/steer';
import type { IncompleteCode } from '../../contract/failures';
import type { LeadNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { completed, incomplete, isFinished, outputOf, type Outcome, type Unwinding } from '../outcome';
import { pathOf, type Answer, type Scope } from '../scope';
import { steerOf } from '../steer';
import { carryOut } from './assigned';
import {
  close,
  forFinal,
  forSupervisor,
  lastAttempt,
  openOf,
  resultsOf,
  type Assignment,
  type Work,
} from './assignments';
import { askForHelp } from './escalated';
import { materialFor } from './material';
import { judge, roleOf, type Orders } from './verdicts';

/**
 * A supervisor splits the work and hands the parts to workers, or a manager to teams; of what they
 * bring it accepts, has tried again, gives to another or to a person, until it is finished or its
 * rounds are over.
 */
export async function supervisor(step: LeadNode, scope: Scope): Promise<Outcome> {
  const work: Work = { assignments: [], isSurplus: false, looping: null, brought: new Map() };
  for (let round = 1; ; round++) {
    // One decision more than there are rounds of work: the last results are to be judged, too.
    const isLast = work.isSurplus || round > step.maxRounds;
    const place = `${roleOf(step)}.${String(round)}`;
    const answer = await decide(step, scope, {
      work,
      place,
      roundsLeft: isLast ? 0 : step.maxRounds + 1 - round,
    });
    if (!isFinished(answer.outcome)) return cutShort(scope, work, answer.outcome);
    const decision = outputOf(answer.outcome);
    const supervision = steerOf(answer, 'supervisor', 'manager');
    if (supervision.finished) return finish(step, scope, { work, supervision, place, decision });
    const orders = await judge(step, scope, { work, supervision, place, isLast });
    if (isLast) {
      const bound = work.isSurplus
        ? `${String(step.maxAssignments)} assignments`
        : `${String(step.maxRounds)} rounds`;
      return exhausted(step, scope, work, [
        'rounds_exhausted',
        `The ${roleOf(step)} did not finish within ${bound}.`,
      ]);
    }
    const unwinding = await follow(step, scope, { work, orders });
    if (unwinding !== null) return cutShort(scope, work, unwinding);
    if (work.looping !== null) {
      const { id, worker } = work.looping;
      const reason = `${worker} brought the same output for the same task three times, last for ${id}.`;
      return exhausted(step, scope, work, ['loop_detected', reason]);
    }
  }
}

interface Round {
  work: Work;
  place: string;
  roundsLeft: number;
}

async function decide(step: LeadNode, scope: Scope, { work, place, roundsLeft }: Round): Promise<Answer> {
  const open = openOf(work);
  const accepted = work.assignments.filter(({ status }) => status === 'accepted').map(forFinal);
  const assignmentsLeft = roundsLeft === 0 ? 0 : step.maxAssignments - work.assignments.length;
  const blocks: Block[] = [
    ...materialFor(step.prompt, scope),
    ...(accepted.length === 0 ? [] : [{ name: 'accepted', value: await scope.compose(accepted) }]),
    ...(open.length === 0
      ? []
      : [{ name: 'assignments', value: await scope.compose(open.map(forSupervisor)) }]),
    { name: 'left', value: { inline: { rounds: roundsLeft, assignments: assignmentsLeft } } },
  ];
  return scope.ask({
    agent: step.supervisor,
    place,
    role: roleOf(step),
    ...(step.prompt === undefined ? {} : { prompt: step.prompt }),
    context: step.context,
    blocks,
    choices: { at: step.workersAt, open: open.map(({ id }) => id), final: step.final !== undefined },
  });
}

/** Carries out what was ordered: workers first, then people, then what people want tried again. */
async function follow(
  step: LeadNode,
  scope: Scope,
  { work, orders }: { work: Work; orders: Orders },
): Promise<Unwinding | null> {
  const unwinding = await carryOut(step, scope, { work, ordered: orders.ordered });
  if (unwinding !== null || orders.escalated.length === 0) return unwinding;
  const again = await askForHelp(step, scope, orders.escalated);
  return Array.isArray(again) ? carryOut(step, scope, { work, ordered: again }) : again;
}

interface Finishing {
  work: Work;
  supervision: Supervision;
  place: string;
  decision: Value;
}

/** Accepts what is open and good, drops and names the rest, and makes the output. */
async function finish(step: LeadNode, scope: Scope, finishing: Finishing): Promise<Outcome> {
  const { work, supervision, place, decision } = finishing;
  const dropped: Assignment[] = [];
  for (const assignment of openOf(work)) {
    const { output, objection } = lastAttempt(assignment);
    if (objection === null) close(assignment, 'accepted', output);
    else dropped.push(assignment);
  }
  for (const assignment of dropped) {
    close(assignment, 'not_approved', nothing);
    const why = 'The work was finished without it: its last result was not acceptable.';
    scope.note(pathOf(scope.path, assignment.id), 'not_approved', why);
  }
  const overruled = supervision.verdicts
    .filter(({ assignment }) => dropped.some(({ id }) => id === assignment))
    .map(({ assignment, verdict }) => ({ assignment, verdict, became: 'drop' }));
  if (overruled.length > 0) await scope.overrule(place, roleOf(step), { overruled });
  const made = await assemble(step, scope, work);
  if (made !== null && !isFinished(made)) return cutShort(scope, work, made);
  if (made !== null && made.type !== 'skipped') return completed(outputOf(made), decision);
  return completed(supervision.answer ?? (await resultsOf(scope, work, false)), decision);
}

/** What `final` makes of the assignments; null without one. */
async function assemble(step: LeadNode, scope: Scope, work: Work): Promise<Outcome | null> {
  if (step.final === undefined) return null;
  const assignments = await scope.compose(work.assignments.map(forFinal));
  const handed = [{ name: 'assignments', value: assignments }];
  return scope.run(step.final, 'final', { names: { assignments }, handed });
}

/** No more work is done: what was accepted goes on, named as less than was asked for. */
async function exhausted(
  step: LeadNode,
  scope: Scope,
  work: Work,
  [code, reason]: [IncompleteCode, string],
): Promise<Outcome> {
  const made = await assemble(step, scope, work);
  if (made !== null && !isFinished(made)) return cutShort(scope, work, made);
  const value =
    made === null || made.type === 'skipped' ? await resultsOf(scope, work, false) : outputOf(made);
  return incomplete(code, reason, value);
}

async function cutShort(scope: Scope, work: Work, unwinding: Unwinding): Promise<Outcome> {
  return { ...unwinding, value: await resultsOf(scope, work, true) };
}
