import { CancellationScope } from '@temporalio/workflow';
import type { Budget, EvaluateResult } from '../contract/activities';
import { limits } from '../contract/limits';
import type { Role } from '../contract/decisions';
import type { Expression } from '../contract/node-parts';
import type { StepNode } from '../contract/skeleton';
import { nothing, type Json, type List, type Names, type Value } from '../contract/value';
import { evaluate } from './activities';
import { ask } from './ask';
import { publish } from './emit';
import { carryOutGroup, groupsOf } from './groups';
import { lookup, namesFor, type Node, type Running } from './node';
import { noteIncomplete, type RunState } from './run-state';
import { askPeople } from './people';
import { react } from './react';
import { pause, waitForEvent } from './waits';
import { pathOf, type Position, type Scope } from './scope';
import { runPlan } from './sub-plan';

type StartStep = (run: RunState, parent: Node, step: StepNode, place: string, position: Position) => Running;

/** The scope of a step: what its pattern may do, bound to its node and the run. */
export function createScope(run: RunState, node: Node, start: StartStep): Scope {
  return {
    path: node.path,
    handed: node.handed,
    lookup: (name) => lookup(node, name),
    run: (step, place, position = {}) => start(run, node, step, place, position).outcome,
    branch(step, place, position = {}) {
      const running = start(run, node, step, place, position);
      return {
        outcome: running.outcome,
        end: (reason) => {
          running.end('ended', reason);
        },
      };
    },
    plan: (planned, input) => runPlan(run, node, { step: planned, input }),
    value: async (expression) => {
      const asked = { type: 'value', at: expression.at, names: namesFor(node, expression) } as const;
      return (await once(node, () => stubborn(run, node, asked))).value;
    },
    holds: async (condition) => {
      const asked = { type: 'condition', at: condition.at, names: namesFor(node, condition) } as const;
      return (await once(node, () => evaluated(run, node, 'condition', asked))).holds;
    },
    check: async (checks, output) => {
      const names = { ...namesFor(node, checks), output };
      const asked = { type: 'checks', at: checks.at, names } as const;
      const { failed, messages } = await once(node, () => evaluated(run, node, 'checks', asked));
      return { passed: failed === 0, messages };
    },
    slice: async (parts) => {
      const asked = { type: 'left', budgets: node.budgets, parts } as const;
      return (await once(node, () => evaluated(run, node, 'left', asked))).slice;
    },
    agree: async (values) =>
      (await once(node, () => evaluated(run, node, 'condition', { type: 'agree', values }))).holds,
    list: (expression) => evaluateList(run, node, expression),
    compose: (parts) => compose(run, node, parts),
    concat: async (values) => (await once(node, () => stubborn(run, node, { type: 'concat', values }))).value,
    groups: (branches) => groupsOf(run, node, branches),
    group: (step) => carryOutGroup(run, node, step),
    ask: (question) => ask(run, node, question),
    decide: (matter) => askPeople(run, node, matter),
    pause: (until) => pause(run, node, until),
    event: (awaited) => waitForEvent(run, node, awaited),
    react: (awaited, handle) => react(run, node, awaited, handle),
    emit: async (event, data) => {
      const made = async () => ({ type: 'value', value: await publish(run, node, { event, data }) }) as const;
      return (await once(node, made)).value;
    },
    overrule: async (place, role, what) => {
      await once(node, () => overrule(run, node, { place, role, what }));
    },
    note: (step, code, reason) => {
      noteIncomplete(run, step, code, reason);
    },
  };
}

type Asked =
  | { type: 'value' | 'condition' | 'list' | 'checks'; at: string; names: Names }
  | { type: 'store' | 'output'; value: Value }
  | { type: 'agree' | 'concat'; values: Value[] }
  | { type: 'left'; budgets: Budget[]; parts: number };

type ValueResult = Extract<EvaluateResult, { type: 'value' }>;

async function evaluated<Type extends EvaluateResult['type']>(
  run: RunState,
  node: Node,
  type: Type,
  asked: Asked,
): Promise<Extract<EvaluateResult, { type: Type }>> {
  const result = await run.gate.pass(node.clock, () =>
    run.journal.carry((journal) =>
      evaluate({ run: run.reference, path: node.path, journal, ...asked }, `${node.path} · ${asked.type}`),
    ),
  );
  if (result.type !== type) throw new Error(`Asked for a ${type}, got a ${result.type}.`);
  return result as Extract<EvaluateResult, { type: Type }>;
}

/** What an ended step has must still be put together, so this runs to its end even where the step is cancelled. */
async function stubborn(run: RunState, node: Node, asked: Asked): Promise<ValueResult> {
  return CancellationScope.nonCancellable(() => evaluated(run, node, 'value', asked));
}

/** What the pattern asked for at this place of its way in an earlier Temporal run is answered as it was then. */
async function once<Result extends EvaluateResult>(
  node: Node,
  evaluate: () => Promise<Result>,
): Promise<Result> {
  const { results } = node.progress;
  const place = node.evaluations++;
  // Patterns are deterministic: at the same place they ask for the same.
  const known = results[place] as Result | undefined;
  return known ?? (results[place] = await evaluate());
}

export async function evaluateValue(run: RunState, node: Node, expression: Expression): Promise<Value> {
  const asked = { type: 'value', at: expression.at, names: namesFor(node, expression) } as const;
  return (await stubborn(run, node, asked)).value;
}

export async function evaluateCondition(run: RunState, node: Node, expression: Expression): Promise<boolean> {
  const asked = { type: 'condition', at: expression.at, names: namesFor(node, expression) } as const;
  return (await evaluated(run, node, 'condition', asked)).holds;
}

async function evaluateList(run: RunState, node: Node, expression: Expression): Promise<List> {
  const asked = { type: 'list', at: expression.at, names: namesFor(node, expression) } as const;
  const { value, length } = await once(node, () => evaluated(run, node, 'list', asked));
  return { value, length };
}

interface Overruling {
  place: string;
  role: Role;
  what: Json;
}

/** In the journal once, however often the plan is walked. */
function overrule(run: RunState, node: Node, { place, role, what }: Overruling): Promise<ValueResult> {
  const decision = { inline: what };
  const made = { kind: role, agent: null, by: 'policy', stateVersion: run.stateVersion, decision };
  run.journal.add(pathOf(node.path, place), { type: 'decision.made', data: made });
  return Promise.resolve({ type: 'value', value: nothing });
}

export async function compose(
  run: RunState,
  node: Node,
  parts: Value[] | { [name: string]: Value },
): Promise<Value> {
  const whole = collapse({ parts });
  if (JSON.stringify(whole).length <= limits.composedBytesMax) return whole;
  return (await once(node, () => stubborn(run, node, { type: 'store', value: whole }))).value;
}

/** A whole whose parts are all inline is inline itself. */
function collapse(value: Value): Value {
  if (!('parts' in value)) return value;
  const parts = Array.isArray(value.parts) ? value.parts.map(collapse) : mapValues(value.parts, collapse);
  const all = Array.isArray(parts) ? parts : Object.values(parts);
  if (!all.every((part) => 'inline' in part)) return { parts };
  const plain = (part: Value): Json => ('inline' in part ? part.inline : null);
  return { inline: Array.isArray(parts) ? parts.map(plain) : mapValues(parts, plain) };
}

function mapValues<From, To>(
  map: { [name: string]: From },
  change: (value: From) => To,
): { [name: string]: To } {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
}
