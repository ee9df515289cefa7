import type { ApiUsage, RunEvent } from '../../contract/api';
import type { CallFact, JournalFact } from '../../contract/journal';
import type { Usage } from '../../contract/usage';
import type { RunEnd, RunStatus } from '../../contract/workflow';
import type { Json, Value } from '../../contract/value';

// Events leave the service with their values in full and money in USD.
type Shown<T> = T extends Value
  ? Json
  : T extends Usage
    ? ApiUsage
    : T extends readonly (infer Item)[]
      ? Shown<Item>[]
      : T extends object
        ? { [Name in keyof T]: Shown<T[Name]> }
        : T;

type Fact =
  Shown<JournalFact> | Shown<CallFact> | { type: 'call.delta'; data: { call: string; text: string } };

/** An event of a run as it stands in the stream. Types that this client doesn't know pass it by. */
export type WatchedEvent = Omit<RunEvent, 'type' | 'data'> & Fact;

const ends: { [Status in RunEnd]: true } = {
  completed: true,
  partial: true,
  failed: true,
  rejected: true,
  cancelled: true,
};

/** Whether a run that stands so has ended. */
export function isEnd(status: RunStatus): status is RunEnd {
  return Object.hasOwn(ends, status);
}
