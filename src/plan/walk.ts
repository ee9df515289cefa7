import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { childrenOf, type Child } from './children';
import { isObject, member, pointerTo, type JsonObject } from './json';

/** Names that templates may use at a place. */
export interface Scope {
  /** Ids of steps that have ended, one way or another, when the place is reached. */
  steps: { has(id: string): boolean };
  /** Names of the position, such as `item` or `branches`, beside those that are known everywhere. */
  position: ReadonlySet<string>;
}

/** A step as it is written, be it right or wrong, with where it stands. */
export interface Visit {
  step: JsonObject;
  pointer: string;
  /** As the API and events name it; the items of a `forEach` are `*`, revisions have no number. */
  path: string;
  parent: string | null;
  place: 'root' | Child['place'];
  /** How many steps there are from the root to this one, both counted. */
  depth: number;
  scope: Scope;
}

/**
 * Every step of a flow in the order written, parents first. What is no step is passed over, and the
 * walk stops at the first step too many.
 */
export function walk(flow: Json | undefined): Visit[] {
  const visits: Visit[] = [];
  const scope = { steps: new Set<string>(), position: new Set<string>() };
  descend(flow, { pointer: '/flow', path: 'root', parent: null, place: 'root', depth: 1, scope }, visits);
  return visits;
}

/** Visits a step and what is inside it; gives the ids that later steps may name. */
function descend(step: Json | undefined, at: Omit<Visit, 'step'>, visits: Visit[]): string[] {
  if (!isObject(step) || visits.length > limits.stepsMax) return [];
  const visit = { step, ...at };
  visits.push(visit);
  const ended = intoChildren(visit, visits);
  const id = member(step, 'id');
  return typeof id === 'string' ? [...ended, id] : ended;
}

function intoChildren(visit: Visit, visits: Visit[]): string[] {
  const { scope } = visit;
  const ended = new Map<string, number>();
  for (const { step, place, name, at, names = [], seesEnded, repeated } of childrenOf(visit.step)) {
    const ids = descend(
      step,
      {
        pointer: pointerTo(visit.pointer, ...at),
        path: visit.path === 'root' ? name : `${visit.path}.${name}`,
        parent: visit.path,
        place,
        depth: visit.depth + 1,
        scope: {
          steps: seesEnded === true ? endedBefore(ended, scope.steps) : scope.steps,
          position: names.length === 0 ? scope.position : new Set([...scope.position, ...names]),
        },
      },
      visits,
    );
    // A repeated step can't be named from outside.
    if (repeated !== true) for (const id of ids) if (!ended.has(id)) ended.set(id, ended.size);
  }
  return [...ended.keys()];
}

/** The ids that a growing map holds by now, and those known above. */
function endedBefore(ended: ReadonlyMap<string, number>, above: Scope['steps']): Scope['steps'] {
  const count = ended.size;
  return { has: (id) => (ended.get(id) ?? count) < count || above.has(id) };
}
