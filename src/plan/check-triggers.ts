import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { ConditionError, parseClause } from './condition-syntax';
import { cronFault, timezoneFault } from './cron';
import { textsIn, type Text } from './expressions';
import { member, pointerTo } from './json';
import { TemplateError } from './liquid';
import { conditionPaths, pathsOfTemplate, type Path } from './names';
import { problem, type PlanProblem } from './problem';

/** Conditions and inputs of triggers, which know the event and nothing else, and times. */
export function checkTriggers(plan: Json): PlanProblem[] {
  const triggers = member(plan, 'triggers');
  return (Array.isArray(triggers) ? triggers : []).flatMap((trigger, index) => {
    const texts = (field: string) => textsIn(member(trigger, field), pointerTo('/triggers', index, field));
    // A time knows no event: its input is as it is written.
    if (member(trigger, 'schedule') !== undefined)
      return checkSchedule(trigger, pointerTo('/triggers', index));
    return [
      ...texts('when').flatMap((text) => unknownNames(text, (each) => conditionPaths(parseClause(each)))),
      ...texts('input').flatMap((text) => unknownNames(text, pathsOfTemplate)),
    ];
  });
}

function checkSchedule(trigger: Json, pointer: string): PlanProblem[] {
  const { schedule, timezone } = {
    schedule: member(trigger, 'schedule'),
    timezone: member(trigger, 'timezone'),
  };
  const faults = {
    schedule: typeof schedule === 'string' ? cronFault(schedule) : null,
    timezone: typeof timezone === 'string' ? timezoneFault(timezone) : null,
  };
  return Object.entries(faults).flatMap(([field, message]) =>
    message === null ? [] : [problem(pointerTo(pointer, field), 'validation_failed', message)],
  );
}

function unknownNames({ pointer, text }: Text, read: (text: string) => Path[]): PlanProblem[] {
  try {
    return read(text)
      .filter(([root]) => root !== 'event')
      .map(([root]) =>
        problem(pointer, 'unknown_name', `${quote(String(root))} is not known here; a trigger knows event.`),
      );
  } catch (error) {
    if (error instanceof ConditionError || error instanceof TemplateError)
      return [problem(pointer, error.code, error.message)];
    throw error;
  }
}
