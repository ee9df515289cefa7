import type { Json } from '../contract/value';
import { durationMs } from './defaults';
import { isObject, member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import type { Visit } from './walk';

const dayMs = 86_400_000;
const daysMax = 365;
/** A person may be waited for longer than anything else. */
const peopleDaysMax = 730;
const ofPeople: (Json | undefined)[] = ['approval', 'question'];
const duration = /^[1-9][0-9]{0,5}(ms|s|m|h|d)$/;

/** Durations that are longer than the language allows. */
export function checkDurations(plan: Json, visits: Visit[]): PlanProblem[] {
  const agents = member(plan, 'agents');
  return [
    ...tooLong(member(plan, 'limits'), '/limits', ['timeout', 'vendorWait']),
    ...Object.entries(isObject(agents) ? agents : {}).flatMap(([name, agent]) => [
      ...tooLong(agent, pointerTo('/agents', name), ['timeout']),
      ...tooLong(member(agent, 'retry'), pointerTo('/agents', name, 'retry'), ['initialDelay', 'maxDelay']),
      ...tooLong(member(agent, 'circuitBreaker'), pointerTo('/agents', name, 'circuitBreaker'), ['cooldown']),
      ...tooLong(member(agent, 'cache'), pointerTo('/agents', name, 'cache'), ['ttl']),
    ]),
    ...visits.flatMap(({ step, pointer }) => [
      ...tooLong(
        step,
        pointer,
        ['timeout'],
        ofPeople.includes(member(step, 'type')) ? peopleDaysMax : daysMax,
      ),
      ...tooLong(step, pointer, ['branchTimeout', 'for']),
      ...tooLong(member(step, 'onFailure'), pointerTo(pointer, 'onFailure'), ['cached']),
      ...tooLong(member(step, 'until'), pointerTo(pointer, 'until'), ['idle']),
      ...tooLong(member(step, 'limits'), pointerTo(pointer, 'limits'), ['timeout', 'vendorWait']),
    ]),
  ];
}

function tooLong(owner: Json | undefined, pointer: string, fields: string[], days = daysMax): PlanProblem[] {
  return fields.flatMap((field) => {
    const text = member(owner, field);
    if (typeof text !== 'string' || !duration.test(text) || durationMs(text) <= days * dayMs) return [];
    const message = `${text} is longer than the ${String(days)} days allowed.`;
    return [problem(pointerTo(pointer, field), 'limit_exceeded', message)];
  });
}
