import { member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import type { Visit } from './walk';

/** Steps that wait for nothing, or for more than one thing. */
export function checkWaits(visits: Visit[]): PlanProblem[] {
  return visits.flatMap(({ step, pointer }) => {
    if (member(step, 'type') !== 'wait') return [];
    const given = ['event', 'for', 'until'].filter((field) => member(step, field) !== undefined);
    const problems: PlanProblem[] = [];
    if (given.length !== 1)
      problems.push(problem(pointer, 'validation_failed', 'A wait step has one of event, for and until.'));
    if (!given.includes('event') && member(step, 'timeout') !== undefined)
      problems.push(
        problem(
          pointerTo(pointer, 'timeout'),
          'validation_failed',
          'Only an event is waited for with a timeout.',
        ),
      );
    return problems;
  });
}
