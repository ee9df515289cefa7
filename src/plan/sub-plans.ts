import { limits } from '../contract/limits';
import type { Plan } from '../contract/plan';
import type { Json } from '../contract/value';
import { quote } from './check-shape';
import { member, pointerTo } from './json';
import { problem, type PlanProblem } from './problem';
import { isBroken } from './unicode';
import { walk, type Visit } from './walk';

/** Stored plans by the references of the steps that run them, `name` or `name@1.0.0`; null where there is none. */
type StoredPlans = ReadonlyMap<string, Json | null>;

/** Valid plans that a plan runs, itself or through others, by reference. */
export type SubPlans = ReadonlyMap<string, Plan>;

/** Finds a stored plan by reference; null where there is none. */
export type FindPlan = (reference: string) => Promise<Json | null>;

/** Looks up the plans that a plan runs, and those that these run, up to `limits.subPlansMax`. */
export async function gatherPlans(json: Json, find: FindPlan): Promise<StoredPlans> {
  const found = new Map<string, Json | null>();
  const open = referencesIn(json);
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (found.has(next)) continue;
    if (found.size >= limits.subPlansMax) break;
    const plan = isBroken(next) ? null : await find(next);
    found.set(next, plan);
    if (plan !== null) open.push(...referencesIn(plan));
  }
  return found;
}

/**
 * Finds plans as it will be once a plan is stored: its bare name then means itself, where no higher
 * version is found by it.
 */
export function onceStored(json: Json, find: FindPlan): FindPlan {
  return async (reference) => {
    const found = await find(reference);
    if (found === null || reference !== member(json, 'name')) return found;
    return isHigher(versionOf(json), versionOf(found)) ? json : found;
  };
}

/** Whether a version is a release and higher than another. */
function isHigher(version: string, other: string): boolean {
  if (version.includes('-')) return false;
  const [ours, theirs] = [version, other].map((each) => each.split(/[.-]/, 3).map(Number));
  const first = [0, 1, 2].find((place) => ours?.[place] !== theirs?.[place]);
  return first !== undefined && (ours?.[first] ?? 0) > (theirs?.[first] ?? 0);
}

/** The plans that a plan runs itself, each once. */
export function referencesIn(plan: Json): string[] {
  return [...new Set(walk(member(plan, 'flow')).flatMap((visit) => referenceOf(visit) ?? []))];
}

function referenceOf({ step }: Visit): string | null {
  const reference = member(step, 'type') === 'plan' ? member(step, 'plan') : undefined;
  return typeof reference === 'string' ? reference : null;
}

/** What is known of a plan that a step runs. */
export interface Judged {
  /** Null where it can't run. */
  plan: Plan | null;
  errors: PlanProblem[];
  /** How many steps there are on its longest line. */
  line: number;
}

export interface Judging {
  stored: StoredPlans;
  /** The plans around this one, `name@version`, the outermost first. */
  within: string[];
  judge(reference: string, json: Json, within: string[]): Promise<Judged>;
}

interface Findings {
  errors: PlanProblem[];
  /** By the pointers of the steps that run them. */
  lines: Map<string, number>;
}

/** What is wrong with the plans that a plan runs, and how deep they go. */
export async function checkSubPlans(
  json: Json,
  visits: Visit[],
  { stored, within, judge }: Judging,
): Promise<Findings> {
  const found: Findings = { errors: [], lines: new Map() };
  const around = [...within, nameOf(json)];
  for (const visit of visits) {
    const reference = referenceOf(visit);
    if (reference === null) continue;
    const wrong = (code: Parameters<typeof problem>[1], message: string) =>
      found.errors.push(problem(pointerTo(visit.pointer, 'plan'), code, message));
    const sub = stored.get(reference);
    if (sub === undefined) {
      const most = String(limits.subPlansMax);
      wrong('limit_exceeded', `With ${quote(reference)} the plan would run more than ${most} others.`);
    } else if (sub === null) {
      wrong('unknown_plan', `There is no plan ${quote(reference)}; GET /v1/plans lists them.`);
    } else if (around.includes(nameOf(sub))) {
      wrong(
        'limit_exceeded',
        `The plan would run itself without end: ${[...around, nameOf(sub)].join(' → ')}.`,
      );
    } else {
      const { plan, errors, line } = await judge(reference, sub, around);
      found.lines.set(visit.pointer, line);
      const [first] = errors;
      if (plan === null && first !== undefined)
        wrong(
          first.code as Parameters<typeof problem>[1],
          `In ${nameOf(sub)}${first.path}: ${first.message}`,
        );
    }
  }
  return found;
}

/** How many steps there are on the longest line of a plan, those of the plans that it runs included. */
export function longestLine(visits: Visit[], lines: ReadonlyMap<string, number>): number {
  return Math.max(0, ...visits.map(({ depth, pointer }) => depth + (lines.get(pointer) ?? 0)));
}

/** How many agents a plan has, those of the plans that it runs included, each time that one is run. */
export function agentsIn(plan: Plan, subPlans: SubPlans): number {
  // Plans that run the same others many times over are looked at once each.
  const known = new Map<Plan, number>();
  const count = (one: Plan): number => {
    const before = known.get(one);
    if (before !== undefined) return before;
    const inside = referencesIn(one as Json).map((reference) => {
      const sub = subPlans.get(reference);
      return sub === undefined ? 0 : count(sub);
    });
    const total = inside.reduce((sum, each) => sum + each, Object.keys(one.agents).length);
    known.set(one, total);
    return total;
  };
  return count(plan);
}

function nameOf(plan: Json): string {
  const name = member(plan, 'name');
  return `${typeof name === 'string' ? name : ''}@${versionOf(plan)}`;
}

function versionOf(plan: Json): string {
  const version = member(plan, 'version');
  return typeof version === 'string' ? version : '0.0.0';
}
