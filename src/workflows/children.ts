import type { ChildMessage } from '../contract/messages';
import type { ChildView } from '../contract/workflow';
import type { Incomplete } from '../contract/failures';
import type { Usage } from '../contract/usage';
import type { WaitReason } from './clock';
import type { JournalNumbers } from './journal';
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
}

/**
 * The children of a workflow, by the paths of their steps. What they tell comes by signal, so that it
 * also reaches a later Temporal run of the parent, and is kept until the step that waits has heard it.
 */
export interface Children {
  open(path: string): void;
  isKnown(path: string): boolean;
  receive(message: ChildMessage): void;
  waitingFor(path: string): WaitReason | null;
  end(path: string): ChildEnd | null;
  forget(path: string): void;
  content(): ChildView[];
}

export function createChildren(before: ChildView[] = []): Children {
  const children = new Map(before.map((child) => [child.path, { ...child }]));
  return {
    open: (path) => children.set(path, { path, waitingFor: null, end: null }),
    isKnown: (path) => children.has(path),
    receive(message) {
      const child = children.get(message.path);
      // Of a child that ended before a reset of its parent, which will start another.
      if (child === undefined) return;
      if ('end' in message) child.end ??= message.end;
      else child.waitingFor = message.waitingFor;
    },
    // Only the workflows of this service tell of children, and these are what they tell.
    waitingFor: (path) => (children.get(path)?.waitingFor ?? null) as WaitReason | null,
    end: (path) => (children.get(path)?.end ?? null) as ChildEnd | null,
    forget: (path) => children.delete(path),
    content: () => [...children.values()],
  };
}
