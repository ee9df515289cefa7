import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { RawDecision } from './activities';
import type { ApprovalStatus } from './journal';
import type { Json, Value } from './value';
import type { BudgetView, StateView, StepView } from './workflow';

/** What a decider gets back: where the approval stands now. */
export interface DecisionTaken {
  approval: string;
  status: ApprovalStatus;
  by: string;
}

// An update, because the decider must learn whether this decision was the one that counted.
export const decideUpdate = defineUpdate<DecisionTaken, [RawDecision]>('decide');
/** The same for Temporal's own tools, which send signals more easily than updates. */
export const decideSignal = defineSignal<[RawDecision]>('decide');

/** An event as it comes to a run: from the service, or as somebody wrote it for Temporal's own tools. */
export type EventMessage =
  | {
      id: string;
      type: string;
      event: Value;
      /** Path of the step that it was taken for; null where any step of the run may use it. */
      step: string | null;
    }
  /** There are events in the ledger for the step at this path, which takes them from there. */
  | { wake: string }
  | { type: string; data?: Json };

/** What a child workflow tells the one that waits for it, with its key: what it waits for itself, and at last its end. */
export type ChildMessage = { path: string; waitingFor: string | null } | { path: string; end: unknown };

export const childSignal = defineSignal<[ChildMessage]>('child');
/** Ends a child for a reason of its parent's, which workflow code knows. */
export const endSignal = defineSignal<[unknown]>('end');

export const eventSignal = defineSignal<[EventMessage]>('event');

export const stateQuery = defineQuery<StateView>('state');
export const stepsQuery = defineQuery<StepView[]>('steps');
export const approvalsQuery = defineQuery<string[]>('approvals');
export const budgetQuery = defineQuery<BudgetView>('budget');
