import type { Value } from './value';

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
