import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { ConditionError, parseClause } from './condition-syntax';
import { conditionsOf, templatesOf } from './expressions';
import { isObject, member, pointerTo } from './json';
import { knownOf, whyUnknown } from './known-names';
import { TemplateError } from './liquid';
import { conditionPaths, pathsOfTemplate, type Path } from './names';
import { problem, type PlanProblem } from './problem';
import type { Visit } from './walk';

/** Templates and conditions that can't be read, and names in them that nothing gives a value. */
export function checkNames(plan: Json, visits: Visit[]): PlanProblem[] {
  const known = knownOf(plan, visits);

  function check(pointer: string, scope: Visit['scope'], read: () => Path[]): PlanProblem[] {
    const paths = readPaths(pointer, read);
    if (!Array.isArray(paths)) return [paths];
    const reasons = paths.map((path) => whyUnknown(path, scope, known)).filter((reason) => reason !== null);
    return [...new Set(reasons)].map((reason) => problem(pointer, 'unknown_name', reason));
  }

  return visits
    .flatMap(({ step, pointer, scope }) => [
      ...conditionsOf(step, pointer).flatMap((condition) =>
        check(condition.pointer, scope, () => conditionPaths(parseClause(condition.text))),
      ),
      ...templatesOf(step, pointer).flatMap((template) =>
        check(template.pointer, scope, () => pathsOfTemplate(template.text)),
      ),
      ...checkContext(member(step, 'context'), pointerTo(pointer, 'context'), scope.steps),
    ])
    .concat(checkContext(member(plan, 'context'), '/context', known.steps));
}

function readPaths(pointer: string, read: () => Path[]): Path[] | PlanProblem {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConditionError || error instanceof TemplateError)
      return problem(pointer, error.code, error.message);
    throw error;
  }
}

function checkContext(
  context: Json | undefined,
  pointer: string,
  steps: Visit['scope']['steps'],
): PlanProblem[] {
  const from = isObject(context) ? member(context, 'from') : undefined;
  return (Array.isArray(from) ? from : []).flatMap((id, index) =>
    typeof id !== 'string' || steps.has(id)
      ? []
      : [
          problem(
            pointerTo(pointer, 'from', index),
            'unknown_name',
            `No step ${quote(id)} has ended where this is shown.`,
          ),
        ],
  );
}
