import { limits } from '../contract/limits';
import type { InboxContent, KeptEvent } from '../contract/workflow';

/**
 * Events that have come to the run and that no step has used yet. They are kept in the order in which
 * they came, each until the first step that it fits takes it; beyond `limits.eventsKeptMax` the newest
 * is not taken in.
 */
export interface Inbox {
  put(event: Omit<KeptEvent, 'n'>): void;
  all(): readonly KeptEvent[];
  /** False where another step was faster. */
  take(event: KeptEvent): boolean;
  /** Notes an event that came another way, so that it does not count again. */
  note(id: string): void;
  isUnused(): boolean;
  content(): InboxContent;
}

export function createInbox(before: InboxContent = { kept: [], seen: [] }): Inbox {
  const kept = [...before.kept];
  const seen = new Set(before.seen);
  let last = kept.at(-1)?.n ?? 0;

  function note(id: string): void {
    seen.add(id);
    const [oldest] = seen;
    if (seen.size > limits.eventsSeenMax && oldest !== undefined) seen.delete(oldest);
  }

  return {
    put(event) {
      if (event.id !== null && seen.has(event.id)) return;
      if (kept.length >= limits.eventsKeptMax) return;
      if (event.id !== null) note(event.id);
      kept.push({ n: ++last, ...event });
    },
    all: () => kept,
    take(event) {
      const at = kept.findIndex(({ n }) => n === event.n);
      if (at >= 0) kept.splice(at, 1);
      return at >= 0;
    },
    note(id) {
      note(id);
      const at = kept.findIndex((event) => event.id === id);
      if (at >= 0) kept.splice(at, 1);
    },
    isUnused: () => kept.length === 0 && seen.size === 0,
    content: () => ({ kept, seen: [...seen] }),
  };
}
