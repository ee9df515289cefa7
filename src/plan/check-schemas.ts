import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { isObject, member, pointerTo } from './json';
import { checkSchema } from './json-schema';
import { problem, type PlanProblem } from './problem';
import type { Visit } from './walk';

/** Compiles every JSON Schema of a plan, equal ones once, within a time for all of them together. */
export async function checkSchemas(plan: Json, visits: Visit[]): Promise<PlanProblem[]> {
  const problems: PlanProblem[] = [];
  const checked = new Map<string, PlanProblem[]>();
  const deadline = Date.now() + limits.planSchemasMillisecondsMax;
  for (const [pointer, schema] of schemasOf(plan, visits)) {
    if (Date.now() > deadline)
      return [
        ...problems,
        problem(pointer, 'schema_timeout', 'The schemas of the plan together take too long.'),
      ];
    const text = JSON.stringify(schema);
    const found = checked.get(text) ?? (await checkSchema(schema));
    checked.set(text, found);
    problems.push(...found.map((each) => ({ ...each, path: pointer + each.path })));
  }
  return problems;
}

/** What is neither an object nor a boolean is left to the check of the shape. */
function schemasOf(plan: Json, visits: Visit[]): [pointer: string, schema: Json][] {
  const agents = member(plan, 'agents');
  const places: [string, Json | undefined][] = [
    ['/input', member(plan, 'input')],
    ['/output', member(plan, 'output')],
    ...Object.entries(isObject(agents) ? agents : {}).map(([name, agent]): [string, Json | undefined] => [
      pointerTo('/agents', name, 'output'),
      member(agent, 'output'),
    ]),
    ...visits.flatMap(({ step, pointer }): [string, Json | undefined][] =>
      [
        { type: 'approval', field: 'schema' },
        { type: 'question', field: 'answer' },
      ]
        .filter(({ type }) => member(step, 'type') === type)
        .map(({ field }) => [pointerTo(pointer, field), member(step, field)]),
    ),
    ...visits.flatMap(({ step, pointer }) => schemasOfChecks(member(step, 'checks'), pointer)),
  ];
  return places.filter((place): place is [string, Json] => isObject(place[1]));
}

/** A regular expression is compiled as the pattern that it will be. */
function schemasOfChecks(
  checks: Json | undefined,
  step: string,
): [pointer: string, schema: Json | undefined][] {
  return (Array.isArray(checks) ? checks : []).flatMap((check, index) => {
    const pointer = pointerTo(step, 'checks', index);
    const regex = member(check, 'regex');
    return [
      [pointerTo(pointer, 'schema'), member(check, 'schema')],
      [pointerTo(pointer, 'regex'), typeof regex === 'string' ? { pattern: regex } : undefined],
    ];
  });
}
