import type { IncompleteCode } from '../contract/failures';
import type { Block, Slice } from '../contract/activities';
import type { Choices, Steer } from '../contract/steer';
import type { TakenEvent } from '../contract/event-activities';
import type { Role } from '../contract/decisions';
import type { ApprovalKind, ApprovalStatus, Decision } from '../contract/journal';
import type { ContextNode, Expression } from '../contract/node-parts';
import type { AwaitedEvent, ParallelNode, PlanNode, StepNode } from '../contract/skeleton';
import type { Json, List, Names, Value } from '../contract/value';
import type { Outcome, Unwinding } from './outcome';

/** What a pattern hands to a step that it runs, beside what the step inherits. */
export interface Position {
  names?: Names;
  /** Outputs of earlier steps of the same line, added to those inherited. */
  preceding?: Block[];
  /** Material for the step's agent, shown as data blocks unless its prompt names it. */
  handed?: Block[];
  /** A repeated step has ids of its own: `steps.<id>` inside is that of the same repetition. */
  repeated?: boolean;
  /** What the step may use, where its own limits don't say so. */
  slice?: Slice;
  /** Through how many plans the event has come that the step handles. */
  hops?: number;
  /** Ends the step after so much active time, whatever its own `timeout` says. */
  branchTimeoutMs?: number;
}

/** A step that runs beside others. */
export interface Branch {
  outcome: Promise<Outcome>;
  /** Ends it, because a sibling decided the matter. */
  end(reason: string): void;
}

/** A question to one of a pattern's own agents, or to an agent step's agent. */
export interface Question {
  agent: string;
  /** Place below the pattern's path; null for an agent step, which asks in its own name. */
  place: string | null;
  role: 'agent' | Role;
  choices?: Choices;
  /** It has answered already, and is shown what others have answered. */
  reconsiders?: true;
  /** It sums up what it is shown, in about so many words at most. */
  summaryWordsMax?: number;
  /** Its answer is kept for so long, should the same question fail. */
  keptMs?: number;
  prompt?: Expression;
  context: ContextNode;
  blocks: Block[];
}

/** What came of a step's checks: one message for each that failed, as a list. */
export interface Checked {
  passed: boolean;
  messages: Value;
}

export type Answer = { type: 'answered'; outcome: Outcome; steer: Steer | null };

/** Something that a person is to decide. */
export interface Matter {
  kind: ApprovalKind;
  title: Expression | { text: string };
  content: Value;
  risk: 'low' | 'medium' | 'high';
  allow: Decision[];
  timeoutMs: number;
  reason: string | null;
  schemaAt: string | null;
}

/** How a matter ended. `content` is what counts from here on. */
export interface Settled {
  status: ApprovalStatus;
  decision: Decision | null;
  by: string;
  comment: string | null;
  content: Value;
}

/** What a step that handles many events takes, and what ends it. */
export interface AwaitedEvents {
  types: string[];
  concurrency: number;
  idleMs: number;
  /** The type that ends it. */
  last?: string;
  eventsMax?: number;
}

export interface NumberedEvent extends TakenEvent {
  /** 1, 2, 3 … as they are begun. */
  n: number;
}

/** What became of the events. `unwinding`: what ended it before its time. */
export interface Reacted {
  handled: number;
  failed: number;
  lastEvent: Value;
  unwinding: Unwinding | null;
}

/**
 * All that a pattern may do. It is handed in, so that a pattern knows no interpreter, no activity and
 * no Temporal, nests in every other, and can be driven by a test.
 */
export interface Scope {
  readonly path: string;
  /** Material that the surrounding pattern handed to this step. */
  readonly handed: Block[];
  /** The value of a name such as `previous` or `steps.draft`. */
  lookup(name: string): Value;
  /** Runs a step at a place below this one. */
  run(step: StepNode, place: string, position?: Position): Promise<Outcome>;
  /** Starts a step beside others. */
  branch(step: StepNode, place: string, position?: Position): Branch;
  /** Runs another plan on an input. */
  plan(step: PlanNode, input: Value): Promise<Outcome>;
  value(expression: Expression): Promise<Value>;
  /** Whether a condition holds. */
  holds(condition: Expression): Promise<boolean>;
  /** Runs a step's checks on a value, before any model gives an opinion on it. */
  check(checks: Expression, output: Value): Promise<Checked>;
  /** An equal part of what the budgets around this step have left. */
  slice(parts: number): Promise<Slice>;
  /** Whether texts say the same, but for white space around them and the case of letters. */
  agree(texts: Value[]): Promise<boolean>;
  list(expression: Expression): Promise<List>;
  /** Puts values together; a large whole goes to the ledger. */
  compose(parts: Value[] | { [name: string]: Value }): Promise<Value>;
  /** Makes one list of lists, or one object of objects. */
  concat(wholes: Value[]): Promise<Value>;
  /** The groups of a fan-out with more branches than one workflow carries out; none where there are fewer. */
  groups(branches: number): { from: number; to: number }[];
  /** Has a workflow of its own carry out the group of branches that the step names. */
  group(step: ParallelNode): Promise<Outcome>;
  ask(question: Question): Promise<Answer>;
  /** Asks people and waits, outside every clock. */
  decide(matter: Matter): Promise<Settled>;
  /** Waits, outside every clock. */
  pause(until: { forMs: number } | { at: number }): Promise<void>;
  /** Waits for an event, outside every clock; null where none that fits came in time. */
  event(awaited: AwaitedEvent): Promise<Value | null>;
  /** Takes events as they come and has them handled, until it is over; outside every clock while none is handled. */
  react(awaited: AwaitedEvents, handle: (event: NumberedEvent) => Branch | null): Promise<Reacted>;
  /** Publishes an event, with data or without; answers `{ id }`. */
  emit(event: string, data: Value | null): Promise<Value>;
  /** Records what the plan's rules made of an agent's decision at a place below this step. */
  overrule(place: string, role: Role, what: Json): Promise<void>;
  /** Notes a part of the run's result that is missing or less than it should be. */
  note(step: string, code: IncompleteCode, reason: string): void;
}

export function pathOf(parent: string, place: string): string {
  return parent === 'root' ? place : `${parent}.${place}`;
}

/** Whether a path is another one or stands below it. */
export function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`);
}
