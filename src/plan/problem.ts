import type { ProblemIssue } from '../contract/problems';

/**
 * Something wrong with a plan. `path` is a JSON Pointer into the plan itself; who got the plan
 * inside a larger body puts the place of it in front. Line and column count from 1.
 */
export type PlanProblem = ProblemIssue;

/** Codes beside those of a whole request; each is stable. */
export type PlanProblemCode =
  | 'malformed_json'
  | 'malformed_yaml'
  | 'payload_too_large'
  | 'unquoted_template'
  | 'too_deep'
  | 'invalid_unicode'
  | 'unknown_field'
  | 'validation_failed'
  | 'limit_exceeded'
  | 'duplicate_id'
  | 'reserved_name'
  | 'unknown_agent'
  | 'unknown_plan'
  | 'unknown_name'
  | 'invalid_template'
  | 'invalid_condition'
  | 'invalid_schema'
  | 'schema_timeout'
  | 'unknown_model'
  | 'model_not_usable'
  | 'unpriced'
  | 'limit_may_be_exceeded'
  | 'output_cap_lowered';

export function problem(path: string, code: PlanProblemCode, message: string): PlanProblem {
  return { path, code, message };
}
