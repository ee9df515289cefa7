import type { Incomplete, StepError } from './failures';
import type { Skeleton } from './skeleton';
import type { Value } from './value';

/** Which run an activity works for. `manifest` is the hash under which the frozen plan is stored. */
export interface RunReference {
  tenant: string;
  run: string;
  manifest: string;
}

/** The argument of the workflow that a schedule starts. */
export interface ScheduledArgument {
  tenant: string;
  schedule: string;
}

/** A time of a schedule that has come: RFC 3339. */
export interface DueTime extends ScheduledArgument {
  at: string;
}

/** The one argument of every workflow type that carries out a run. */
export interface StartArgument extends RunReference {
  /** `ref`: stored, where it is too large. `manifest`: to be made from the plan under this hash. */
  skeleton: Skeleton | { ref: string } | { manifest: string };
  input: Value;
  /** Whether the server knows the search attributes of the service. */
  searchAttributes: boolean;
  /** When the run was accepted, RFC 3339. */
  createdAt: string;
  /** What an earlier Temporal run of the same run has left, by pages: JSON in the ledger, written and read by workflow code. */
  memo?: Value[];
  /** Events that an earlier Temporal run of the same run has not used. */
  inbox?: InboxContent;
  /** Local activities are carried out one after another. The oldest runs lack it, and go on as they began. */
  localInTurn?: true;
  /** Goes on as a new Temporal run after so many ended steps, for tests. */
  continueAfterSteps?: number;
  /** So many branches of a fan-out are carried out in one workflow, for tests. */
  branchesHereMax?: number;
  /** Set where the workflow carries out one step for the workflow of the steps around it. The skeleton's flow is that step. */
  child?: ChildArgument;
  /** Children that an earlier Temporal run of the same workflow has left at work, or not yet heard out. */
  children?: ChildView[];
}

/** What a child workflow carries out, and for whom. */
export interface ChildArgument {
  path: string;
  /** What its parent and the ledger know it by, where that is not the path; see `childKey`. */
  key?: string;
  /** The step is a plan of its own: the skeleton's flow stands inside it. */
  plan?: true;
  /** Id of the workflow that waits for it. */
  parent: string;
  /** What the step takes over from those around it: JSON, written and read by workflow code. */
  inherited: Value;
  /** Where the parent's journal and state stood: the child's numbers go on from there. */
  journal: { count: number; givenUp: number };
  stateVersion: number;
  /** Why its parent has ended it, if it has; for workflow code. */
  ending?: unknown;
}

/** What a child is known by: its step's path, and behind a slash which branches where it carries out some only. */
export function childKey(path: string, group?: { from: number; to: number }): string {
  return group === undefined ? path : `${path}/${String(group.from)}-${String(group.to)}`;
}

/** Path of the step that a child carries out; no path has a slash. */
export function pathOfChild(key: string): string {
  return key.split('/')[0] ?? key;
}

/** Id of the workflow that is known by a key. */
export function childWorkflowId(run: string, key: string): string {
  return `${run}/${key}`;
}

/** A child as its parent knows it. */
export interface ChildView {
  /** Its key. */
  path: string;
  /** What it waits for; null while it works. */
  waitingFor: string | null;
  /** How it ended, for workflow code; null while it is open. */
  end: unknown;
}

/** Events as a run keeps them. */
export interface InboxContent {
  kept: KeptEvent[];
  /** Ids of those that have come, the newest last. */
  seen: string[];
}

export interface KeptEvent {
  /** 1, 2, 3 … as they came. */
  n: number;
  id: string | null;
  type: string;
  event: Value;
  step: string | null;
}

export type FinishedOutcome =
  | { type: 'completed'; value: Value; decision?: Value }
  | { type: 'incomplete'; value: Value; decision?: Value; code: Incomplete['code']; reason: string }
  | { type: 'skipped'; reason: string };

/** What the workflow returns; the output itself is in the ledger. */
export interface RunSummary {
  status: RunEnd;
  output: Value;
  incomplete: Incomplete[];
  error: StepError | null;
  rejectedBy?: string;
}

export const runEnds = ['completed', 'partial', 'failed', 'rejected', 'cancelled'] as const;
export type RunEnd = (typeof runEnds)[number];
export const openStatuses = ['queued', 'running', 'waiting', 'stalled'] as const;
export type RunStatus = (typeof openStatuses)[number] | RunEnd;

export const stepStatuses = [
  'pending',
  'running',
  'waiting',
  'completed',
  'incomplete',
  'skipped',
  'failed',
  'timed_out',
  'cancelled',
  'rejected',
  'reused',
] as const;
export type StepStatus = (typeof stepStatuses)[number];

/** Names of the search attributes, as they are registered with Temporal. */
export const searchAttributes = {
  tenant: 'FermataTenant',
  plan: 'FermataPlan',
  version: 'FermataVersion',
  status: 'FermataStatus',
  labels: 'FermataLabels',
  pendingApprovals: 'FermataPendingApprovals',
} as const;

/** Journal entries that a workflow knows to be in the ledger: all up to one, and single ones after it. */
export interface WrittenEntries {
  upTo: number;
  beyond: number[];
}

/** What the query `state` answers. */
export interface StateView {
  status: RunStatus;
  reason: string | null;
  current: string[];
  stateVersion: number;
  /** Which journal entries are known to be written. */
  written?: WrittenEntries;
}

/** What the query `steps` answers. */
export interface StepView {
  path: string;
  type: string;
  status: StepStatus;
}

/** What the query `budget` answers: what the workflow has tallied from the answers that came back. */
export interface BudgetView {
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  costNano: number;
}
