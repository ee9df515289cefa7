import type { Role } from './decisions';
import type { Usage } from './usage';
import type { Incomplete, StepError } from './failures';
import type { RunEnd, RunStatus, StepStatus, WrittenEntries } from './workflow';
import type { Value } from './value';

/**
 * A journal entry is a run event that the workflow makes. It waits in the workflow's buffer until
 * an activity that carried it has returned, and is written once by (run, Temporal run id, n).
 */
export type JournalEntry = {
  /** 1, 2, 3 … within a run: they go on across its Temporal runs. */
  n: number;
  /** Numbers before it under which nothing stands, for a child has counted them: no journal of the run has these. */
  skipped?: NumberRange[];
  /** Workflow time, RFC 3339. */
  at: string;
  step: string | null;
} & JournalFact;

/** Both bounds included. */
export interface NumberRange {
  first: number;
  last: number;
}

export type JournalFact =
  | { type: 'run.started'; data: { plan: { name: string; version: string } } }
  | { type: 'run.status'; data: { status: RunStatus; reason: string | null; activeMs: number } }
  | { type: 'run.finished'; data: RunFinished }
  | { type: 'step.started'; data: { type: string; id: string | null; agent: string | null } }
  | { type: 'step.finished'; data: StepFinished }
  | { type: 'step.skipped'; data: { type: string; id: string | null; reason: string } }
  | { type: 'decision.made'; data: DecisionMade }
  | { type: 'approval.requested'; data: ApprovalRequested }
  | { type: 'approval.decided'; data: ApprovalDecided }
  | { type: 'approval.expired'; data: { approval: string } }
  | { type: 'alert.opened'; data: { kind: string; value: number; threshold: number } }
  | { type: 'state.version'; data: { version: number; step: string } };

export interface RunFinished {
  status: RunEnd;
  output: Value;
  incomplete: Incomplete[];
  error: StepError | null;
  /** One line for people: who rejected it, what failed, which limit stopped it. */
  reason: string | null;
  activeMs: number;
}

export interface StepFinished {
  type: string;
  id: string | null;
  status: Exclude<StepStatus, 'pending' | 'running' | 'waiting' | 'skipped'>;
  output: Value;
  decision: Value | null;
  error: StepError | null;
  stateVersion: number;
}

/** A decision of a controlling agent or of a person; `by` is null for an agent. */
export interface DecisionMade {
  kind: Role | ApprovalKind;
  agent: string | null;
  by: string | null;
  /** The state version that was seen. */
  stateVersion: number;
  decision: Value;
}

export interface ApprovalRequested {
  approval: string;
  kind: ApprovalKind;
  title: string;
  risk: string;
  dueAt: string | null;
  digest: string;
}

export type ApprovalKind = 'approval' | 'escalation' | 'question';
export type Decision = 'approve' | 'edit' | 'reject' | 'retry' | 'answer' | 'skip' | 'fail';
export type ApprovalStatus =
  | 'pending'
  | 'approved'
  | 'edited'
  | 'rejected'
  | 'answered'
  | 'resolved'
  | 'expired'
  | 'cancelled'
  | 'voided';

export interface ApprovalDecided {
  approval: string;
  status: ApprovalStatus;
  /** Null where nobody decided: the asking step was ended. */
  decision: Decision | null;
  by: string;
  comment: string | null;
  via: 'api' | 'temporal' | 'policy' | 'timeout';
  /** The content that counts from here on, where the decision brought one. */
  content: Value | null;
}

/** Events that only the gateway makes, in the statement that changes the call. */
export type CallFact =
  | { type: 'call.started'; data: { call: string; agent: string; model: string; attempt: number } }
  | {
      type: 'call.retried';
      data: { call: string; attempt: number; error: string; retryInMs: number };
    }
  | {
      type: 'call.finished';
      data: {
        call: string;
        agent: string;
        model: string;
        status: 'done' | 'failed';
        /** The answer in full, so that a resumed reader misses nothing of the deltas. */
        text: string | null;
        stop: string | null;
        usage: Usage | null;
        error: string | null;
      };
    }
  | { type: 'budget.low'; data: { budget: string; measure: string; used: number; limit: number } };

/** Entries that ride along. `temporalRun` is the workflow's own run id, under which `n` counts. */
export interface Carried {
  temporalRun: string;
  entries: JournalEntry[];
  /** After a reset: what is known to be written, which the ledger keeps. */
  written?: WrittenEntries;
  /** The child workflow whose entries these are; absent where they are the run's own workflow's. */
  child?: JournalChild;
}

/** A child workflow has a journal of its own. Its numbers go on from where its parent's stood. */
export interface JournalChild {
  /** Its first execution: another start of the same child has another. */
  id: string;
  /** What it is known by; see `childKey`. */
  path: string;
  /** Number of its first entry. */
  first: number;
}
