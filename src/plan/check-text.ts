import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import { isBroken } from './unicode';

/**
 * What no plan may hold anywhere, found before anything else looks at it: nesting and numbers that
 * would exhaust who reads it, text that can't be stored, numbers that JSON doesn't have, and a name
 * that would set an object's prototype where others read the plan.
 */
export function checkText(plan: Json): { errors: PlanProblem[]; tooMuch: boolean } {
  const errors: PlanProblem[] = [];
  let tooMuch = false;
  let values = 0;

  function stop(path: string, code: 'too_deep' | 'limit_exceeded', message: string): void {
    if (!tooMuch) errors.push(problem(path, code, message));
    tooMuch = true;
  }

  function look(json: Json, path: string, depth: number): void {
    if (tooMuch || errors.length >= limits.problemErrorsMax) return;
    if (depth > limits.planDepthMax)
      stop(path, 'too_deep', `The plan is nested deeper than ${String(limits.planDepthMax)} levels.`);
    else if (++values > limits.planValuesMax)
      stop('', 'limit_exceeded', `The plan has more than ${String(limits.planValuesMax)} values.`);
    else if (typeof json === 'string') {
      if (isBroken(json))
        errors.push(problem(path, 'invalid_unicode', 'The text holds NUL or half of a character.'));
    } else if (typeof json === 'number') {
      if (!Number.isFinite(json))
        errors.push(problem(path, 'validation_failed', 'This is no finite number.'));
    } else if (Array.isArray(json)) {
      for (const [index, item] of json.entries()) look(item, pointerTo(path, index), depth + 1);
    } else if (json !== null && typeof json === 'object') {
      for (const [name, value] of Object.entries(json)) {
        const at = pointerTo(path, name.toWellFormed());
        lookAtName(name, at);
        look(value, at, depth + 1);
      }
    }
  }

  function lookAtName(name: string, path: string): void {
    if (isBroken(name))
      errors.push(problem(path, 'invalid_unicode', 'The name holds NUL or half of a character.'));
    if (name === '__proto__') errors.push(problem(path, 'reserved_name', '"__proto__" can not be a name.'));
  }

  look(plan, '', 1);
  return { errors, tooMuch };
}
