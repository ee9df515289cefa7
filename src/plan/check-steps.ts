import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { listOf, quote } from './check-shape';
import { planDefaults } from './defaults';
import { isObject, member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import { agentsOf } from './step-agents';
import type { Visit } from './walk';

/** Words that paths are made of, so that no step or branch may bear one. */
const reserved = new Set([
  ...[
    'root',
    'steps',
    'cases',
    'generator',
    'revise',
    'reduce',
    'final',
    'otherwise',
    'onFailure',
    'classifier',
  ],
  ...['supervisor', 'manager', 'evaluator', 'reviewer', 'panel', 'judge', 'summary', 'again'],
]);

/** Names that `as` would hide, and words that templates read otherwise. */
const taken = new Set([
  ...[
    'input',
    'previous',
    'steps',
    'run',
    'workspace',
    'index',
    'branches',
    'issues',
    'feedback',
    'comment',
    'error',
  ],
  ...['task', 'assignments'],
  ...[
    'true',
    'false',
    'null',
    'nil',
    'blank',
    'empty',
    'and',
    'or',
    'not',
    'contains',
    'forloop',
    'continue',
  ],
]);

/** By the pointers of steps that run other plans: how many steps there are on the longest line of that plan. */
type Lines = ReadonlyMap<string, number>;

/** What is wrong with the steps beyond the shape of each: ids, agents, branches, depth and number. */
export function checkSteps(plan: Json, visits: Visit[], lines: Lines): PlanProblem[] {
  return [
    ...(visits.length > limits.stepsMax
      ? [
          problem(
            '/flow',
            'limit_exceeded',
            `The plan has more than the ${String(limits.stepsMax)} steps allowed.`,
          ),
        ]
      : []),
    ...checkIds(visits),
    ...checkDepth(plan, visits, lines),
    ...visits.flatMap((visit) => [
      ...checkAgents(plan, visit),
      ...checkNamed(visit),
      ...checkFanOut(visit),
      ...checkOwnLimits(visit),
      ...checkRejection(visit),
      ...checkTeam(visit),
      ...checkCached(visit),
    ]),
  ];
}

function checkIds(visits: Visit[]): PlanProblem[] {
  const first = new Map<string, string>();
  return visits.flatMap(({ step, pointer }) => {
    const id = member(step, 'id');
    if (typeof id !== 'string') return [];
    const path = pointerTo(pointer, 'id');
    if (reserved.has(id))
      return [problem(path, 'reserved_name', `${quote(id)} is a word of paths and can't be an id.`)];
    const other = first.get(id);
    if (other !== undefined)
      return [problem(path, 'duplicate_id', `The id ${quote(id)} is taken by the step at ${other}.`)];
    first.set(id, pointer);
    return [];
  });
}

/** Of the plan's depth and of every step's own, the first step too deep of each line is named. */
function checkDepth(plan: Json, visits: Visit[], lines: Lines): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const bounds = new Map<string, number>();
  const own = (node: Json) => {
    const depth = member(member(node, 'limits'), 'depth');
    return typeof depth === 'number' ? depth : undefined;
  };
  const root = Math.min(own(plan) ?? planDefaults.depth, limits.depthMax);
  for (const { step, pointer, path, parent, depth } of visits) {
    const above = parent === null ? root : (bounds.get(parent) ?? root);
    const depthOwn = own(step);
    const bound = depthOwn === undefined ? above : Math.min(above, depth + depthOwn - 1);
    bounds.set(path, bound);
    const deepest = depth + (lines.get(pointer) ?? 0);
    if (depth === bound + 1 || (depth <= bound && deepest > bound)) {
      const message = `Step depth ${String(deepest)} exceeds the limit of ${String(bound)} at ${path}.`;
      problems.push(problem(pointer, 'limit_exceeded', message));
    }
  }
  return problems;
}

function checkAgents(plan: Json, { step, pointer }: Visit): PlanProblem[] {
  const agents = member(plan, 'agents');
  const known = isObject(agents) ? Object.keys(agents) : [];
  return agentsOf(step).flatMap(({ at, name }) => {
    if (known.includes(name)) return [];
    const there = known.length === 0 ? 'the plan has none' : `there are ${listOf(known.slice(0, 20), 'and')}`;
    return [
      problem(pointerTo(pointer, ...at), 'unknown_agent', `There is no agent ${quote(name)}; ${there}.`),
    ];
  });
}

/** Maps of steps by name, and what an entry is called where its name becomes a part of paths. */
const maps = new Map([
  ['branches', 'branch'],
  ['routes', 'route'],
  ['workers', null],
  ['teams', null],
  ['handlers', null],
]);

/** Names become parts of paths, and a map of steps has its bound. */
function checkNamed({ step, pointer }: Visit): PlanProblem[] {
  return [...maps].flatMap(([field, entry]) => {
    const map = member(step, field);
    const names = isObject(map) ? Object.keys(map) : [];
    const many = `There are ${String(names.length)} ${field}; at most ${String(limits.branchesMax)} are allowed.`;
    return [
      ...(names.length > limits.branchesMax
        ? [problem(pointerTo(pointer, field), 'limit_exceeded', many)]
        : []),
      ...names
        .filter((name) => entry !== null && reserved.has(name))
        .map((name) =>
          problem(
            pointerTo(pointer, field, name),
            'reserved_name',
            `${quote(name)} is a word of paths and can't be a ${String(entry)}.`,
          ),
        ),
    ];
  });
}

function checkFanOut({ step, pointer }: Visit): PlanProblem[] {
  if (member(step, 'type') !== 'parallel') return [];
  const problems: PlanProblem[] = [];
  const wrong = (field: string, message: string) =>
    problems.push(problem(pointerTo(pointer, field), 'validation_failed', message));
  const branches = member(step, 'branches');
  const names = isObject(branches) ? Object.keys(branches) : [];
  const has = (field: string) => member(step, field) !== undefined;
  if (branches === undefined && !(has('forEach') && has('step')))
    problems.push(
      problem(pointer, 'validation_failed', 'A parallel step has either branches, or forEach and step.'),
    );
  for (const field of ['forEach', 'step', 'as'])
    if (branches !== undefined && has(field)) wrong(field, `Beside branches there is no ${field}.`);
  if (branches === undefined && has('as') && !has('forEach'))
    wrong('as', 'Without forEach nothing bears this name.');
  if (isObject(branches) && names.length === 0) wrong('branches', 'There must be at least one branch.');
  const as = member(step, 'as');
  if (typeof as === 'string' && taken.has(as)) wrong('as', `${quote(as)} means something else in templates.`);
  const required = member(step, 'require');
  if (typeof required === 'number' && isObject(branches) && required > names.length)
    wrong('require', `${String(required)} of ${String(names.length)} branches can't succeed.`);
  return problems;
}

/** What follows a rejection needs the step that does it, and the other way round. */
function checkRejection({ step, pointer }: Visit): PlanProblem[] {
  if (member(step, 'type') !== 'approval') return [];
  const revises = member(step, 'onReject') === 'revise';
  if (revises && member(step, 'revise') === undefined)
    return [problem(pointerTo(pointer, 'onReject'), 'validation_failed', 'This needs the step revise.')];
  return ['revise', 'maxRevisions']
    .filter((field) => !revises && member(step, field) !== undefined)
    .map((field) =>
      problem(pointerTo(pointer, field), 'validation_failed', 'This goes with onReject: revise only.'),
    );
}

/** A team does its work itself or has teams that do it. */
function checkTeam({ step, pointer, place }: Visit): PlanProblem[] {
  if (place !== 'team') return [];
  const kinds = ['workers', 'teams'].filter((field) => member(step, field) !== undefined);
  return kinds.length === 1
    ? []
    : [problem(pointer, 'validation_failed', 'A team has either workers or teams.')];
}

/** What is kept of an answer is known by what an agent was asked. */
function checkCached({ step, pointer }: Visit): PlanProblem[] {
  const cached = member(member(step, 'onFailure'), 'cached');
  if (cached === undefined || member(step, 'type') === 'agent') return [];
  const message = 'Only agent steps have earlier answers: put this on the agent steps inside.';
  return [problem(pointerTo(pointer, 'onFailure', 'cached'), 'validation_failed', message)];
}

/** A step's own limits have no say on these two: they are questions to the plan as a whole. */
function checkOwnLimits({ step, pointer }: Visit): PlanProblem[] {
  const own = member(step, 'limits');
  return member(own, 'allowUnpriced') === undefined
    ? []
    : [
        problem(
          pointerTo(pointer, 'limits', 'allowUnpriced'),
          'validation_failed',
          'This stands in the limits of the plan only.',
        ),
      ];
}
