import type { List } from './value';

/** Some of a fan-out's branches: those from one up to but without another, in the order written. */
export interface BranchGroup {
  from: number;
  to: number;
  /** What `forEach` gave. */
  list?: List;
  /** How many branches of the groups before it have succeeded. */
  succeeded: number;
}
