import { rfc3339 } from '../contract/time';
import { quote } from './check-shape';
import { member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import type { Visit } from './walk';

/** Steps that wait for nothing, for more than one thing, or for a time that never is. */
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
    const until = member(step, 'until');
    if (typeof until === 'string' && !until.includes('{') && !isTime(until))
      problems.push(
        problem(
          pointerTo(pointer, 'until'),
          'validation_failed',
          `${quote(until)} is no time there is, such as 2027-01-31T08:00:00Z.`,
        ),
      );
    return problems;
  });
}

/** `Date.parse` alone takes the 30th of February for the 2nd of March, and 24:00 for the next day. */
function isTime(text: string): boolean {
  const [year = 0, month = 0, day = 0, hour = 0] = text.split(/[-T:]/, 4).map(Number);
  const isDay = new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
  return rfc3339.test(text) && !Number.isNaN(Date.parse(text)) && isDay && hour < 24;
}
