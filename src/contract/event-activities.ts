import type { Carried } from './journal';
import type { Value, Names } from './value';
import type { RunReference } from './workflow';

/** What a step waits for. Asked again, as after a reset, it is answered as it was. */
export interface Subscribe {
  run: RunReference;
  path: string;
  workflowId: string;
  /** Types of the events. */
  types: string[];
  /** Which of them fit: a condition of the manifest's plan, with the names that it uses beside `event`. */
  fits: { at: string; names: Names } | null;
  journal: Carried;
}

/** An event that has come before, since the run began. */
export interface Subscribed {
  taken: { id: string; event: Value } | null;
}

/** An event that is for a step that handles many. */
export interface TakenEvent {
  /** Null where it came by Temporal's own tools and is not in the ledger. */
  id: string | null;
  type: string;
  hops: number;
  event: Value;
}

/** Takes the next events for a step that handles many, and tells what became of some before. */
export interface TakeEvents {
  run: RunReference;
  path: string;
  workflowId: string;
  types: string[];
  /** 1, 2, 3 …: asked again, as after a reset, it is answered by the same events. */
  batch: number;
  /** How many at most. */
  room: number;
  /** Events that could not be handled, and why. */
  dead: { id: string; reason: string }[];
  /** Set where the step is over: with the events that it has taken and leaves to others. */
  left?: string[];
  journal: Carried;
}

/** An event that a step publishes. The same step publishes the same event, however often it is asked. */
export interface EmitEvent {
  run: RunReference;
  path: string;
  source: string;
  /** Its type. */
  event: string;
  data: Value | null;
  /** Through how many plans the event has come that its step handles. */
  hops?: number;
  journal: Carried;
}
