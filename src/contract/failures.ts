/**
 * Types of failures as they stand in history and as codes in a run's `error`. They are data: a name
 * here is never changed.
 */
export const FailureType = {
  // A step failed. `onFailure` acts on these.
  invalidOutput: 'invalid_output',
  refused: 'refused',
  vendorUnavailable: 'vendor_unavailable',
  vendorError: 'vendor_error',
  contextTooLong: 'context_too_long',
  invalidTemplate: 'invalid_template',
  invalidCondition: 'invalid_condition',
  invalidCheck: 'invalid_check',
  invalidInput: 'invalid_input',
  requireMissed: 'require_missed',
  stepTimeout: 'step_timeout',
  branchTimeout: 'branch_timeout',
  budgetExceeded: 'budget_exceeded',
  notApproved: 'not_approved',
  thresholdMissed: 'threshold_missed',
  approvalExpired: 'approval_expired',
  questionRejected: 'question_rejected',
  escalationFailed: 'escalation_failed',
  limitExceeded: 'limit_exceeded',
  unpriced: 'unpriced',

  // A decision was not taken. Rejections of the update `decide`.
  approvalUnknown: 'not_found',
  approvalDecided: 'approval_already_decided',
  approvalChanged: 'action_changed',
  decisionNotAllowed: 'validation_failed',

  // The workflow ended without writing the run's end.
  terminated: 'terminated',
  timedOut: 'timed_out',
  workflowFailed: 'workflow_failed',
  workflowLost: 'workflow_lost',

  // Passing: the call was ended and its workflow will say why.
  cancelled: 'cancelled',

  // Ours: an alarm, not an outcome.
  journalGap: 'journal_gap',
  journalMismatch: 'journal_mismatch',
} as const;
export type FailureType = (typeof FailureType)[keyof typeof FailureType];

/** What the gateway says of a vendor's fault; `retry.retryOn` of an agent names these. */
export const vendorFaults = [
  'rate_limit',
  'timeout',
  'overloaded',
  'server_error',
  'connection',
  'empty_response',
  'invalid_response',
] as const;
export type VendorFault = (typeof vendorFaults)[number];

/** Faults that speak against a vendor as such, so that its breaker counts them. */
export const breakerFaults: readonly VendorFault[] = vendorFaults.filter((fault) => fault !== 'rate_limit');

/** Faults that no retry mends. */
export const finalFaults = ['bad_request', 'authentication', 'permission', 'not_found', 'too_large'] as const;
export type FinalFault = (typeof finalFaults)[number];

/** Why a part of a result is missing or less than it should be. */
export const incompleteCodes = [
  'branch_failed',
  'branch_timeout',
  'budget_exceeded',
  'truncated',
  'rounds_exhausted',
  'threshold_missed',
  'not_approved',
  'skipped_on_failure',
  'stale',
  'loop_detected',
] as const;
export type IncompleteCode = (typeof incompleteCodes)[number];

export interface StepError {
  code: string;
  message: string;
  step: string;
  retryable: boolean;
}

export interface Incomplete {
  step: string;
  code: IncompleteCode;
  reason: string;
}
