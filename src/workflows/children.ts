import type { ChildMessage } from '../contract/messages';
import type { ChildView } from '../contract/workflow';
import type { Incomplete } from '../contract/failures';
import type { Value } from '../contract/value';
import type { Usage } from '../contract/usage';
import type { WaitReason } from './clock';
import type { JournalNumbers } from './numbering';
import type { Outcome } from './outcome';
import type { Section } from './workspace';

/** How a child ended, with what its parent counts from then on. */
export interface ChildEnd {
  outcome: Outcome | { type: 'cancelled' };
  usage: Usage;
  incomplete: Incomplete[];
  journal: JournalNumbers;
  /** How many versions of the state its steps have made. */
  versions: number;
  /** What its agents have added to the workspace. */
  sections?: Section[];
  /** Steps with an id that have finished in it, for templates outside. */
  steps?: [id: string, value: Value][];
}

/**
 * The children of a workflow, by their keys. What they tell comes by signal, so that it
 * also reaches a later Temporal run of the parent, and is kept until the step that waits has heard it.
 */
export interface Children {
  open(key: string): void;
  isKnown(key: string): boolean;
  receive(message: ChildMessage): void;
  waitingFor(key: string): WaitReason | null;
  end(key: string): ChildEnd | null;
  forget(key: string): void;
  content(): ChildView[];
}

export function createChildren(before: ChildView[] = []): Children {
  const children = new Map(before.map((child) => [child.path, { ...child }]));
  return {
    open: (key) => children.set(key, { path: key, waitingFor: null, end: null }),
    isKnown: (key) => children.has(key),
    receive(message) {
      const child = children.get(message.path);
      // Of a child that ended before a reset of its parent, which will start another.
      if (child === undefined) return;
      if ('end' in message) child.end ??= message.end;
      else child.waitingFor = message.waitingFor;
    },
    // Only the workflows of this service tell of children, and these are what they tell.
    waitingFor: (key) => (children.get(key)?.waitingFor ?? null) as WaitReason | null,
    end: (key) => (children.get(key)?.end ?? null) as ChildEnd | null,
    forget: (key) => children.delete(key),
    content: () => [...children.values()],
  };
}
