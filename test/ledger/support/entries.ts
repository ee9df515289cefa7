import type { JournalEntry, JournalFact } from '../../../src/contract/journal';
import type { RunEnd } from '../../../src/contract/workflow';

// What a run's workflow tells of itself, written by hand.
export const at = '2026-01-01T00:00:00.000Z';

export const entry = (n: number, step: string | null, fact: JournalFact): JournalEntry => ({
  ...{ n, at, step },
  ...fact,
});

export const started = (n: number, path: string): JournalEntry =>
  entry(n, path, { type: 'step.started', data: { type: 'agent', id: path, agent: 'writer' } });

export const finished = (n: number, path: string, output = 'text'): JournalEntry =>
  entry(n, path, {
    type: 'step.finished',
    data: {
      ...{ type: 'agent', id: path, status: 'completed', decision: null, error: null, stateVersion: n },
      output: { inline: output },
    },
  });

export const ended = (n: number, status: RunEnd = 'completed'): JournalEntry =>
  entry(n, null, {
    type: 'run.finished',
    data: {
      ...{ status, incomplete: [], error: null, reason: null, activeMs: 5 },
      output: { inline: 'end' },
    },
  });
