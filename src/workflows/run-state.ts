import type { Budget } from '../contract/activities';
import type { Incomplete, IncompleteCode } from '../contract/failures';
import { limits } from '../contract/limits';
import type { Usage } from '../contract/usage';
import type { Skeleton } from '../contract/skeleton';
import type { Value } from '../contract/value';
import type { RunReference, StartArgument, StepView } from '../contract/workflow';
import type { Approvals } from './approvals';
import type { Children } from './children';
import type { Gate } from './gate';
import type { Inbox } from './inbox';
import type { Journal } from './journal';
import type { Stopped } from './outcome';
import type { Workspace } from './workspace';

/** What all steps of a run share. */
export interface RunState {
  reference: RunReference;
  argument: StartArgument;
  skeleton: Skeleton;
  input: Value;
  startedAt: string;
  temporalRun: string;
  workflowId: string;
  journal: Journal;
  approvals: Approvals;
  gate: Gate;
  inbox: Inbox;
  /** Paths of steps for which there are events in the ledger. */
  wakeups: Set<string>;
  children: Children;
  /** Where this workflow carries out one step for another: why that one has ended it. */
  ending: Stopped | null;
  /** What an earlier Temporal run knew is here. Until then messages wait. */
  ready: boolean;
  /** The flow has come to its end, so there is nothing to continue. */
  over: boolean;
  /** Steps that have ended in this Temporal run. */
  stepsEnded: number;
  /** Steps that ended in an earlier one, and whose patterns have not been told so yet. */
  untold: number;
  /** Counts finished steps: each makes a new version of the state. */
  stateVersion: number;
  incomplete: Incomplete[];
  usage: Usage;
  steps: Map<string, StepView>;
  workspace: Workspace;
  runBudget: Budget;
}

/** Notes a hole. What was noted below it says no more: a hole is one entry, with its cause. */
export function noteIncomplete(run: RunState, step: string, code: IncompleteCode, reason: string): void {
  const brief = briefly(reason);
  // A pattern that goes on in another Temporal run notes again what it has noted, and changes no order.
  const isSame = (entry: Incomplete) =>
    entry.step === step && entry.code === code && (entry.reason === reason || entry.reason === brief);
  if (run.incomplete.some(isSame)) return;
  const below = `${step}.`;
  const isSaid = (entry: Incomplete) => entry.step === step || entry.step.startsWith(below);
  if (run.incomplete.some(isSaid)) run.incomplete = run.incomplete.filter((entry) => !isSaid(entry));
  // All of them go out in one argument, and the step itself tells the whole reason.
  const isFew = run.incomplete.length < limits.incompleteInFull;
  run.incomplete.push({ step, code, reason: isFew ? reason : brief });
}

function briefly(reason: string): string {
  const { incompleteReasonCharacters: max } = limits;
  return reason.length <= max ? reason : `${reason.slice(0, max)}…`.toWellFormed();
}
