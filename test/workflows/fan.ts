import type { ParallelNode } from '../../src/contract/skeleton';
import { step } from './scripted-scope';

/** A fan-out with a branch of each name, where one that succeeds is enough. */
export const fanOf = (names: string[], rest: Partial<ParallelNode> = {}): ParallelNode => ({
  type: 'parallel',
  branches: names.map((name) => ({ name, step: step() })),
  concurrency: 5,
  require: 1,
  cancelRest: false,
  placeholder: { at: '/placeholder', uses: [] },
  onLate: 'placeholder',
  onFailure: { type: 'fail' },
  ...rest,
});

/** What stands for a branch that has made nothing. */
export const hole = 'value of /placeholder';
