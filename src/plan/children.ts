import type { Json } from '../contract/value';
import { isObject, member, type JsonObject } from './json';
import { writtenTeam } from './teams';

/** A step inside another one, be it right or wrong. */
export interface Child {
  step: Json | undefined;
  /** What it is to the step around it. */
  place:
    | 'list'
    | 'branch'
    | 'item'
    | 'reduce'
    | 'revise'
    | 'generator'
    | 'route'
    | 'case'
    | 'otherwise'
    | 'worker'
    | 'team'
    | 'handler'
    | 'final'
    | 'onFailure';
  /** Its part of the path; `*` for the items of a `forEach`, and numbers of versions are left out. */
  name: string;
  /** Members and positions that lead from the parent to it. */
  at: (string | number)[];
  /** Names that only this place has. */
  names?: string[];
  /** Whether the steps before it inside the same parent have ended when it begins. */
  seesEnded?: boolean;
  /** Whether it runs more than once. */
  repeated?: boolean;
}

/** The steps inside a step in the order in which they can run. */
export function childrenOf(step: JsonObject): Child[] {
  return [
    ...listed(step),
    ...named(step, 'branches').map(([name, child]) => branch(child, 'branch', name, ['branches', name])),
    ...repeated(step),
    ...named(step, 'routes').map(([name, route]) =>
      branch(member(route, 'step'), 'route', name, ['routes', name, 'step']),
    ),
    ...cases(step),
    branch(member(step, 'otherwise'), 'otherwise', 'otherwise', ['otherwise']),
    ...named(step, 'workers').map(([name, worker]) => ({
      ...branch(member(worker, 'step'), 'worker', `workers.${name}`, ['workers', name, 'step']),
      names: ['task'],
      repeated: true,
    })),
    ...named(step, 'teams').map(([name, team]) => ({
      ...branch(writtenTeam(team), 'team', `teams.${name}`, ['teams', name]),
      names: ['task'],
      repeated: true,
    })),
    ...named(step, 'handlers').map(([name, handler]) => ({
      ...branch(handler, 'handler', `handlers.${name}`, ['handlers', name]),
      names: ['event'],
      repeated: true,
    })),
    { ...branch(member(step, 'final'), 'final', 'final', ['final']), names: ['assignments'] },
    {
      ...branch(member(step, 'reduce'), 'reduce', 'reduce', ['reduce']),
      names: ['branches'],
      seesEnded: true,
    },
    branch(member(member(step, 'onFailure'), 'step'), 'onFailure', 'onFailure', ['onFailure', 'step']),
  ];
}

function listed(step: JsonObject): Child[] {
  const list = member(step, 'steps');
  return (Array.isArray(list) ? list : []).map((child, index) => {
    const id = member(child, 'id');
    const name = typeof id === 'string' ? id : `steps.${String(index)}`;
    return { ...branch(child, 'list', name, ['steps', index]), seesEnded: true };
  });
}

/** Steps that run once for each item or version. */
function repeated(step: JsonObject): Child[] {
  const as = member(step, 'as');
  const item = typeof as === 'string' ? as : 'item';
  return [
    { ...branch(member(step, 'step'), 'item', '*', ['step']), names: [item, 'index'], repeated: true },
    {
      ...branch(member(step, 'revise'), 'revise', 'revise', ['revise']),
      // What a reviewer names; a person who rejects comments, and `comment` is known everywhere.
      names: member(step, 'type') === 'approval' ? [] : ['issues'],
      repeated: true,
    },
    { ...branch(member(step, 'generator'), 'generator', 'generator', ['generator']), repeated: true },
  ];
}

function cases(step: JsonObject): Child[] {
  const list = member(step, 'cases');
  return (Array.isArray(list) ? list : []).map((each, index) =>
    branch(member(each, 'step'), 'case', `cases.${String(index)}`, ['cases', index, 'step']),
  );
}

function named(step: JsonObject, field: string): [string, Json][] {
  const map = member(step, field);
  return isObject(map) ? Object.entries(map) : [];
}

function branch(step: Json | undefined, place: Child['place'], name: string, at: Child['at']): Child {
  return { step, place, name, at };
}
