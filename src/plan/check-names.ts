import { setImmediate } from 'node:timers/promises';
import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { ConditionError, parseClause } from './condition-syntax';
import { conditionsOf, templatesOf, textsIn } from './expressions';
import { isObject, member, pointerTo } from './json';
import { knownOf, whyUnknown } from './known-names';
import { TemplateError } from './liquid';
import { conditionPaths, pathsOfTemplate, type Path } from './names';
import { problem, type PlanProblem } from './problem';
import { agentsOf } from './step-agents';
import { summarizer } from './summarizer';
import type { Visit } from './walk';

/** How long the checks may hold the thread before others have their turn. */
const turnMs = 25;

/** Templates and conditions that can't be read, and names in them that nothing gives a value. */
export async function checkNames(plan: Json, visits: Visit[]): Promise<PlanProblem[]> {
  const known = knownOf(plan, visits);
  const problems = checkContext(member(plan, 'context'), '/context', known.steps);
  let turn = performance.now();
  for (const { pointer, scope, read } of [...visits.flatMap(readingsOf), ...selections(plan, visits)]) {
    if (problems.length >= limits.problemErrorsMax) break;
    if (performance.now() - turn > turnMs) {
      await setImmediate();
      turn = performance.now();
    }
    const paths = readPaths(pointer, read);
    if (!Array.isArray(paths)) problems.push(paths);
    else
      for (const reason of new Set(paths.map((path) => whyUnknown(path, scope, known))))
        if (reason !== null) problems.push(problem(pointer, 'unknown_name', reason));
  }
  const contexts = visits.flatMap(({ step, pointer, scope }) =>
    checkContext(member(step, 'context'), pointerTo(pointer, 'context'), scope.steps),
  );
  return [...problems, ...contexts];
}

interface Reading {
  pointer: string;
  scope: Visit['scope'];
  read(): Path[];
}

function readingsOf({ step, pointer, scope }: Visit): Reading[] {
  return [
    ...conditionsOf(step, pointer).map(({ text, name, ...condition }) => ({
      pointer: condition.pointer,
      scope: name === undefined ? scope : { ...scope, position: new Set([...scope.position, name]) },
      read: () => conditionPaths(parseClause(text)),
    })),
    ...templatesOf(step, pointer).map((template) => ({
      ...{ pointer: template.pointer, scope },
      read: () => pathsOfTemplate(template.text),
    })),
  ];
}

/** The conditions of agents, each at every place where its agent is asked. */
function selections(plan: Json, visits: Visit[]): Reading[] {
  const agents = member(plan, 'agents');
  return Object.entries(isObject(agents) ? agents : {}).flatMap(([name, agent]) => {
    const select = member(agent, 'select');
    const texts = (Array.isArray(select) ? select : []).flatMap((entry, index) =>
      textsIn(member(entry, 'when'), pointerTo('/agents', name, 'select', index, 'when')),
    );
    // Any step may need a summary.
    const asks = ({ step }: Visit) => name === summarizer || agentsOf(step).some((one) => one.name === name);
    const places = texts.length === 0 ? [] : visits.filter(asks);
    const scopes = places.length === 0 ? [nowhere] : places.map(({ scope }) => scope);
    return scopes.flatMap((scope) =>
      texts.map(({ pointer, text }) => ({ pointer, scope, read: () => conditionPaths(parseClause(text)) })),
    );
  });
}

const nowhere: Visit['scope'] = { steps: new Set(), position: new Set() };

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
