import type { Value } from './value';

/** What a decision may name. */
export interface Choices {
  /** JSON Pointer of the map of routes, workers or teams in the manifest's plan. */
  at: string;
  /** Ids of the assignments that a verdict may name. */
  open?: string[];
  /** Whether a step of the plan's makes the answer, so that the decision that ends it all need not. */
  final?: boolean;
}

/** What of a controlling agent's decision the workflow acts on; the decision whole is the answer's value. */
export type Steer =
  | { type: 'reviewer'; approved: boolean; issues: Value }
  | { type: 'classifier'; route: string; confidence: number; reason: string }
  | { type: 'evaluator'; score: number; feedback: Value }
  | { type: 'judge'; answer: Value; confidence: number; disagreements: number }
  | ({ type: 'supervisor' | 'manager' } & Supervision);

/** What a supervisor or manager orders. */
export interface Supervision {
  verdicts: {
    assignment: string;
    verdict: 'accept' | 'retry' | 'reassign' | 'escalate';
    worker: string | null;
    feedback: Value;
  }[];
  assignments: { worker: string; task: Value }[];
  finished: boolean;
  answer: Value | null;
}
