import type { BranchGroup } from './branch-group';
import type { ContextNode, Expression, HeldNode, LimitsNode } from './node-parts';

/**
 * What a workflow knows of a plan: types, paths, limits and where its templates stand, but no
 * prompt. Made from a plan by `src/plan/skeleton.ts`, carried as the start argument.
 */

export type OnFailureNode =
  | { type: 'fail' }
  | { type: 'skip' }
  | { type: 'value'; value: Expression }
  /** `answerAt`: JSON Pointer of the schema that an answer in its place must fit, if any. */
  | { type: 'escalate'; answerAt: string | null }
  /** An agent step's last stored answer to the same question. */
  | { type: 'cached'; maxAgeMs: number }
  | { type: 'step'; step: StepNode };

interface Frame {
  id?: string;
  when?: Expression;
  timeoutMs?: number;
  limits?: LimitsNode;
  /** Carried out by a child workflow with a history of its own. */
  isolate?: true;
  onFailure: OnFailureNode;
}

export interface AgentNode extends Frame {
  type: 'agent';
  agent: string;
  prompt: Expression;
  context: ContextNode;
  held?: HeldNode;
  /** Its answer is kept for so long, should the same question fail. */
  keptMs?: number;
}

export interface SequenceNode extends Frame {
  type: 'sequence';
  steps: StepNode[];
}

export interface ParallelNode extends Frame {
  type: 'parallel';
  /** Named branches in the order written, or one step for each item of a list. */
  branches: { name: string; step: StepNode }[] | { forEach: Expression; as: string; step: StepNode };
  concurrency: number;
  branchTimeoutMs?: number;
  require: number | 'all';
  /** Whether a list with fewer items than `require` misses it; without it, as runs began once, it does not. */
  shortMisses?: true;
  cancelRest: boolean;
  placeholder: Expression;
  onLate: 'placeholder' | 'partial';
  reduce?: StepNode;
  /** Set by the workflow around it where it is to carry out some of the branches only. */
  group?: BranchGroup;
}

export interface ReviewNode extends Frame {
  type: 'review';
  reviewer: string;
  /** What the reviewer is asked, where the plan says it; the text and the criteria follow as blocks. */
  prompt?: Expression;
  context: ContextNode;
  criteria?: Expression;
  of?: Expression;
  checks?: Expression;
  revise?: StepNode;
  maxRevisions: number;
  onExhausted: 'escalate' | 'fail' | 'flag';
}

export interface ApprovalNode extends Frame {
  type: 'approval';
  title: Expression;
  content?: Expression;
  /** JSON Pointer of the schema that an edit must fit: the step's own, else that of the agent that made the content. */
  schemaAt?: string;
  risk: 'low' | 'medium' | 'high';
  allow: ('approve' | 'edit' | 'reject')[];
  timeoutMs: number;
  onTimeout: 'fail' | 'reject' | 'approve' | 'skip';
  onReject: 'reject' | 'skip' | 'revise';
  /** Makes another content of what was rejected. */
  revise?: StepNode;
  maxRevisions?: number;
}

export interface QuestionNode extends Frame {
  type: 'question';
  title: Expression;
  content?: Expression;
  /** JSON Pointer of the schema that the answer must fit. */
  answerAt: string;
  timeoutMs: number;
  onTimeout: 'fail' | 'reject' | 'approve' | 'skip';
}

export interface SetNode extends Frame {
  type: 'set';
  value: Expression;
}

export interface RouterNode extends Frame {
  type: 'router';
  classifier: string;
  prompt?: Expression;
  context: ContextNode;
  /** JSON Pointer of the map of routes. */
  routesAt: string;
  routes: { name: string; step: StepNode }[];
  otherwise?: StepNode | 'escalate';
  minConfidence: number;
}

export interface ChoiceNode extends Frame {
  type: 'choice';
  cases: { when: Expression; step: StepNode }[];
  otherwise?: StepNode;
}

export interface WaitNode extends Frame {
  type: 'wait';
  wait: AwaitedEvent | { type: 'for'; ms: number } | { type: 'until'; time: Expression };
}

export interface EventsNode extends Frame {
  type: 'events';
  handlers: { event: string; step: StepNode }[];
  until: { event?: string; maxEvents?: number; idleMs: number };
  concurrency: number;
}

export interface EmitNode extends Frame {
  type: 'emit';
  event: string;
  data?: Expression;
}

/** An event that a step waits for. */
export interface AwaitedEvent {
  type: 'event';
  event: string;
  /** Which of them; it knows `event`. */
  fits?: Expression;
  timeoutMs: number;
}

/** An agent that hands out work: a supervisor to workers, a manager to teams. */
export interface LeadNode extends Frame {
  type: 'supervisor' | 'hierarchy';
  /** The agent that assigns and judges, of a hierarchy its manager. */
  supervisor: string;
  prompt?: Expression;
  context: ContextNode;
  /** JSON Pointer of the map of workers or teams. */
  workersAt: string;
  workers: { name: string; step: StepNode }[];
  maxRounds: number;
  maxAssignments: number;
  concurrency: number;
  reassignAfter?: number;
  checks?: Expression;
  final?: StepNode;
}

export interface RefineNode extends Frame {
  type: 'refine';
  generator: StepNode;
  evaluator: string;
  prompt?: Expression;
  context: ContextNode;
  criteria?: Expression;
  threshold: number;
  maxIterations: number;
  checks?: Expression;
  onExhausted: 'best' | 'fail' | 'escalate';
}

export interface DebateNode extends Frame {
  type: 'debate';
  panel: string[];
  prompt?: Expression;
  context: ContextNode;
  rounds: number;
  judge: string;
  /** JSON Pointer of the schema of the judge's answers, where it has one. */
  answerAt?: string;
  minConfidence: number;
  strict: boolean;
  onDisagreement: 'report' | 'escalate';
}

export interface PlanNode extends Frame {
  type: 'plan';
  /** The stored plan that it runs, `name@version`. */
  plan: string;
  /** Hash of the manifest under which that plan was frozen. */
  manifest: string;
  input?: Expression;
}

export type StepNode =
  | AgentNode
  | SequenceNode
  | ParallelNode
  | ReviewNode
  | ApprovalNode
  | QuestionNode
  | SetNode
  | RouterNode
  | ChoiceNode
  | WaitNode
  | EmitNode
  | LeadNode
  | EventsNode
  | RefineNode
  | DebateNode
  | PlanNode;

/** Conditions that decide which of an agent's models are asked. */
export interface SelectNode extends Expression {
  /** How many of the models stand in each list: that of `model` first, then that of each condition. */
  lists: number[];
}

export interface AgentSummary {
  /** Usable models in the order of the plan, as ids of the catalog; those of `select` follow the others. */
  models: string[];
  select?: SelectNode;
  maxContinuations: number;
  /** Whether its answers are parsed against a schema of its own. */
  structured: boolean;
}

export interface Skeleton {
  plan: { name: string; version: string };
  agents: { [name: string]: AgentSummary };
  limits: LimitsNode;
  alerts: { costNano?: number };
  /** Whether the plan says what its output must look like. */
  checksOutput: boolean;
  flow: StepNode;
}
