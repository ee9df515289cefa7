import type { Json } from '../contract/value';
import type { PlanProblem } from './problem';

/** Where something stands in a text, counted from 1. */
export interface Place {
  line: number;
  column: number;
}

export type Parsed =
  /** `locate` says where in the text a pointer's value stands, or what is nearest to it; null for JSON. */
  | { type: 'parsed'; json: Json; locate(pointer: string): Place | null }
  | { type: 'malformed'; errors: PlanProblem[] };
