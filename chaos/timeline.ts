/** What happened in a round and when: the first thing to read after a violation. */
export interface Timeline {
  note(line: string): void;
  lines(): string[];
  /** Milliseconds since the round began. */
  nowMs(): number;
}

/** `say` is told every line as it comes. */
export function openTimeline(say: (line: string) => void): Timeline {
  const startedAt = Date.now();
  const kept: string[] = [];
  const nowMs = (): number => Date.now() - startedAt;
  return {
    note(line) {
      const timed = `${(nowMs() / 1000).toFixed(2).padStart(8)} s  ${line}`;
      kept.push(timed);
      say(timed);
    },
    lines: () => [...kept],
    nowMs,
  };
}
