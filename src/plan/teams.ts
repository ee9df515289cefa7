import type { HierarchyStep, SupervisorStep, Team } from '../contract/plan';
import type { Json } from '../contract/value';
import { isObject, type JsonObject } from './json';

/** How often and how many at a time a team's supervisor hands out work, as for a supervisor that says nothing of it. */
const usual = { maxRounds: 5, maxAssignments: 20, concurrency: 5 };

/** The step that a team is: a supervisor of its workers, or the manager of the teams below it. */
export function teamStep({
  supervisor,
  workers,
  teams,
  checks,
  limits,
}: Team): SupervisorStep | HierarchyStep {
  const rest = { ...usual, isolate: true, checks, limits };
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
