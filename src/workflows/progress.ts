import type { EvaluateResult, PriorAnswer } from '../contract/activities';
import type { TakenEvent } from '../contract/event-activities';
import type { Incomplete } from '../contract/failures';
import type { Value } from '../contract/value';
import type { StepStatus } from '../contract/workflow';
import type { Clock } from './clock';
import type { LimitsLeft } from './limits';
import type { Failed, Outcome, Stopped } from './outcome';
import type { Answer, NumberedEvent, Settled } from './scope';

/**
 * How far a step has come: what it must not do twice. Kept while the step is open, by its node and by
 * the progress of the step around it, so that the next Temporal run can walk the plan again and find
 * itself in the middle.
 */
export interface Progress {
  /** What its pattern has had evaluated, in the order in which it asked. */
  results: EvaluateResult[];
  /** Its questions to agents, by place. */
  asks: Map<string, Asked>;
  /** What of its questions was settled before they were put, by place: it holds for every model and try. */
  given: Map<string, Given>;
  /** What has been summed up for its questions, by hash: the n-th is `summary.<n>`. */
  summaries: string[];
  /** Those under way in this Temporal run, by place. */
  summing: Map<string, Promise<Answer>>;
  /** Its questions to people, in order. */
  decisions: Decided[];
  /** Its waits for events and times, in order. */
  waits: Waited[];
  /** What became of groups of its branches that other workflows have carried out, by the ranges of the groups. */
  groups: Map<string, Outcome>;
  /** How far it has come with events that it handles. */
  reaction: Reaction | null;
  /** Set while `onFailure` mends it: the pattern is not run again. */
  failure: Failed | null;
  /** How many questions to people its pattern had asked when it failed: those of an escalation follow. */
  askedBefore: number;
  /** Set once something of ours has ended it. */
  ending: Stopped | null;
  /** What is left of its limits of time, where no clock of it runs in this Temporal run. */
  left: LimitsLeft;
  clock: Clock | null;
  /** Steps that templates can name, where this step is a repetition with ids of its own. */
  frame: Map<string, Value> | null;
  /** Steps inside that have ended, in the order in which they did. */
  ended: Map<string, EndedStep>;
  /** Those of them that an earlier Temporal run saw end and this one has not told its pattern yet. */
  untold: string[];
  /** Steps inside that are open. */
  inside: Map<string, Progress>;
}

export interface EndedStep {
  id: string | null;
  outcome: Outcome;
  status: StepStatus;
}

export interface Given {
  /** Which of the agent's lists of models is asked; absent where it has one. */
  list?: number;
  /** Stands for the context. */
  summary?: Value;
  /** How many sections the workspace had. */
  workspaceSize?: number;
}

export type Asked =
  | { type: 'answered'; answer: Answer }
  | {
      type: 'asking';
      /** Index into the agent's models. */
      model: number;
      attempt: number;
      prior: PriorAnswer[];
      reasksLeft: number;
      continuationsLeft: number;
      /** What this call has waited for its vendor, and until when it waits now. */
      waitedMs: number;
      waitUntil: number | null;
    };

export type Decided =
  { type: 'open'; approval: string; dueAt: number } | { type: 'settled'; settled: Settled };

export type Waited = { type: 'open'; dueAt: number } | { type: 'over'; event: Value | null };

/** What of many events is not over yet, and a tally of what is: it does not grow with their number. */
export interface Reaction {
  /** Until when it waits for another event while it handles none. */
  idleAt: number;
  /** How many batches it has taken from the ledger. */
  batch: number;
  begun: number;
  handled: number;
  failed: number;
  lastEvent: Value;
  /** It begins no more. */
  over: boolean;
  /** The ledger knows that. */
  closed: boolean;
  /** Taken and not begun. */
  queue: TakenEvent[];
  open: NumberedEvent[];
  /** What the ledger is still to be told of. */
  dead: { id: string; reason: string }[];
  /** Where there were many incomplete ones: the entry that stands for the later of them, and how many it does. */
  surplus: { entry: Incomplete; count: number } | null;
}

export function createProgress(): Progress {
  return {
    results: [],
    asks: new Map(),
    given: new Map(),
    summaries: [],
    summing: new Map(),
    decisions: [],
    waits: [],
    groups: new Map(),
    reaction: null,
    failure: null,
    askedBefore: 0,
    ending: null,
    left: {},
    clock: null,
    frame: null,
    ended: new Map(),
    untold: [],
    inside: new Map(),
  };
}
