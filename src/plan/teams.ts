import type { HierarchyStep, SupervisorStep, Team } from '../contract/plan';
import { usualLeading } from '../contract/plan/supervising-steps';
import type { Json } from '../contract/value';
import { isObject, type JsonObject } from './json';

/** The step that a team is: a supervisor of its workers, or the manager of the teams below it. */
export function teamStep({
  supervisor,
  workers,
  teams,
  checks,
  limits,
}: Team): SupervisorStep | HierarchyStep {
  const rest = { ...usualLeading, isolate: true, checks, limits };
  return teams === undefined
    ? { type: 'supervisor', supervisor, workers: workers ?? {}, ...rest }
    : { type: 'hierarchy', manager: supervisor, teams, ...rest };
}

/** The same of a team as it is written, be it right or wrong. */
export function writtenTeam(team: Json): Json {
  if (!isObject(team)) return team;
  const step: JsonObject = { ...team, type: team['teams'] === undefined ? 'supervisor' : 'hierarchy' };
  return step;
}
