import type { ApprovalKind, ApprovalStatus, Carried, Decision } from './journal';
import type { Role } from './decisions';
import type { Choices, Steer } from './steer';
import type { EmitEvent, Subscribe, Subscribed, TakenEvent, TakeEvents } from './event-activities';
import type { WaitCause } from './gateway';
import type { Usage } from './usage';
import type { ContextNode } from './node-parts';
import type { Skeleton } from './skeleton';
import type { DueTime, RunReference } from './workflow';
import type { Json, Names, Value } from './value';

export type EvaluateRequest = { run: RunReference; path: string; journal?: Carried } & (
  | { type: 'value'; at: string; names: Names }
  /** `select`: which of an agent's lists of models is asked. */
  | { type: 'condition' | 'select'; at: string; names: Names }
  /** A list for a fan-out: stored where it is large, and counted. */
  | { type: 'list'; at: string; names: Names }
  /** Runs a step's checks; what is checked is the name `output`. */
  | { type: 'checks'; at: string; names: Names }
  /** Whether values say the same, but for white space around texts and the case of letters. */
  | { type: 'agree'; values: Value[] }
  /** Stores a value that a workflow put together, so that it can go on as a reference. */
  | { type: 'store'; value: Value }
  /** Makes one list of lists, or one object of objects, and stores it. */
  | { type: 'concat'; values: Value[] }
  /** Whether a decision is whose it says, and its content fits; see `decisions.ts`. */
  | { type: 'decision'; approval: string; digest: string; decision: RawDecision }
  /** What is left of budgets, shared out equally. */
  | { type: 'left'; budgets: Budget[]; parts: number }
  /** Checks the run's output against the plan's `output` schema. */
  | { type: 'output'; value: Value }
  /** Reads a skeleton that was too large for the start argument. */
  | { type: 'skeleton'; ref: string }
  /** Makes the skeleton of the manifest's plan, where that may be given this input. */
  | { type: 'plan'; input: Value }
  /** Reads a stored value whole, for workflow code itself: a page of its memo. */
  | { type: 'read'; value: Value }
);

export type EvaluateResult =
  | { type: 'value'; value: Value }
  | { type: 'condition'; holds: boolean }
  /** Of the first condition that holds, from 1; 0 where none does. */
  | { type: 'selected'; list: number }
  | { type: 'skeleton'; skeleton: Skeleton }
  | { type: 'read'; json: Json }
  | { type: 'list'; value: Value; length: number }
  | { type: 'left'; slice: Slice }
  /** What failed, a list of one message each. */
  | { type: 'checks'; failed: number; messages: Value }
  | { type: 'decision'; by: string; via: 'api' | 'temporal'; content: Value | null; problem: string | null };

/** A named piece of context or of a pattern's own material, shown to the model as a data block. */
export interface Block {
  name: string;
  value: Value;
}

/** What an agent has said so far in this turn and why it is asked again. */
export interface PriorAnswer {
  answer: Value;
  /** `continue`: it was cut off. `reask`: it broke its schema; `errors` says how. */
  type: 'continue' | 'reask';
  errors?: string;
}

/** A limit that a call is held to. The run's row exists from the start; a step's is made by its first call. */
export interface Budget {
  /** `run`, or `step:` and the path of the step that carries the limit. */
  id: string;
  costNano: number;
  tokens: number | null;
  modelCalls: number | null;
}

/** A part of what is left of the budgets around it. Money in nano-USD; null where a limit is lifted. */
export type Slice = Omit<Budget, 'id'>;

export interface ModelCall {
  run: RunReference;
  /** `<run id>/<path>/t<turn>/m<model index>/a<re-ask or continuation>` */
  key: string;
  path: string;
  agent: string;
  /** Index into the agent's usable models, and which entry of its `select` chose it, from 1. */
  model: number;
  selected?: number;
  /** `agent`: answers in text or its own schema. Else the shape of `decisions.ts` is asked for. */
  role: 'agent' | Role;
  /** What a decision may name, where its role names something. */
  choices?: Choices;
  /** It has answered already, and is to look at what others have answered. */
  reconsiders?: true;
  /** JSON Pointer of the prompt's template in the manifest's plan; absent where a pattern asks with blocks alone. */
  prompt?: string;
  names: Names;
  context: Block[];
  contextMode: ContextNode['mode'];
  contextMaxTokens: number;
  /** The context is a summary that was made of it before: no other is made of that. */
  summarized?: true;
  /** It is to sum up its blocks, in about so many words at most. */
  summaryWordsMax?: number;
  blocks: Block[];
  prior: PriorAnswer[];
  /** A whole answer is kept for so long, should an identical question fail. */
  keptMs?: number;
  /** Budgets that must all hold the call, the run's first. */
  budgets: Budget[];
  temporalRun: string;
  journal: Carried;
}

interface Answered {
  usage: Usage;
  model: string;
  simulated: boolean;
}

export type ModelResult =
  | ({ type: 'answered'; value: Value; steer: Steer | null } & Answered)
  | ({ type: 'truncated'; value: Value } & Answered)
  | ({ type: 'invalid'; value: Value; errors: string } & Answered)
  | ({ type: 'refused'; value: Value } & Answered)
  | { type: 'over_budget'; budget: string; reason: string }
  /** Nothing is held and no retry was spent: the same call may be asked again after `ms`. */
  | { type: 'wait'; reason: string; ms: number; cause: WaitCause }
  /** No call was made: the pieces of the context at these places are to be summed up first. */
  | { type: 'summarize'; context: number[] };

/** What was asked in vain: `call` as it began, of each of these models. */
export interface RecallAnswer {
  call: ModelCall;
  models: number[];
  maxAgeMs: number;
}

export type Recalled =
  /** `madeAt`: when the vendor gave it. */
  | { type: 'stale'; value: Value; madeAt: string }
  /** None is young enough, or what was asked can't be told. */
  | { type: 'none' };

export interface OpenApproval {
  run: RunReference;
  approval: string;
  kind: ApprovalKind;
  path: string;
  /** Template of the title in the manifest, or the title itself. */
  title: { at: string } | { text: string };
  names: Names;
  content: Value;
  risk: 'low' | 'medium' | 'high';
  allow: Decision[];
  dueAt: string | null;
  reason: string | null;
  /** JSON Pointer of the schema that an edited content must fit, if any. */
  schemaAt: string | null;
  workflowId: string;
  temporalRun: string;
  /**
   * Entries to write in the same statement. The workflow leaves `approval.requested` out: only the
   * activity knows title and digest, so it adds it under the number `n` at the time `at`.
   */
  journal: Carried;
  requested: { n: number; at: string };
  /** Status at once for low and medium risk. */
  settled: 'approved' | null;
}

export interface OpenedApproval {
  title: string;
  digest: string;
  /** Set where the ledger already holds a decision for this id and digest, as after a reset. */
  decided: {
    status: ApprovalStatus;
    decision: Decision;
    by: string;
    comment: string | null;
    content: Value | null;
  } | null;
}

/** A decision as it comes in by update or signal, from the API or from Temporal's own tools. */
export interface RawDecision {
  approval: string;
  decision: Decision;
  /** From the API `{ value, digest }`, else whatever was typed: a string up to 64 KiB. */
  content?: { value: Value } | string;
  comment?: string;
  by?: string;
  /** Digest that the person saw. */
  digest?: string;
  /** When the API was given it. Not sealed: who can reach Temporal could decide in any case. */
  at?: string;
  /** HMAC-SHA256, hex, by the API over what `sealText` gives. */
  seal?: string;
}

export interface CloseRun {
  run: RunReference;
  journal: Carried;
  /** How many entries the run has made in all, in all its Temporal runs; a gap is refused. */
  count: number;
}

export interface Activities {
  callModel(call: ModelCall): Promise<ModelResult>;
  recallAnswer(request: RecallAnswer): Promise<Recalled>;
  evaluate(request: EvaluateRequest): Promise<EvaluateResult>;
  openApproval(request: OpenApproval): Promise<OpenedApproval>;
  subscribe(request: Subscribe): Promise<Subscribed>;
  takeEvents(request: TakeEvents): Promise<{ events: TakenEvent[] }>;
  emitEvent(request: EmitEvent): Promise<{ id: string }>;
  noteSlot(due: DueTime): Promise<void>;
  writeJournal(request: { run: RunReference; journal: Carried }): Promise<void>;
  closeRun(request: CloseRun): Promise<void>;
}
