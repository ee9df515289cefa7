import { ApplicationFailure } from '@temporalio/common';
import type { RunState } from '../../src/workflows/run-state';
import { failedBy } from '../../src/workflows/work';

// Of the run's state only what it says is missing has a part in its end.
const state = { incomplete: [] } as unknown as RunState;

test('ends a run as failed where an activity fails outside of every step', () => {
  const failure = ApplicationFailure.nonRetryable('The output is too large.', 'limit_exceeded');
  expect(failedBy(state, failure).summary).toMatchObject({
    status: 'failed',
    error: { code: 'limit_exceeded', message: 'The output is too large.', step: 'root' },
  });
});

test('passes a bug on, so that a fixed worker can go on with the run', () => {
  expect(() => failedBy(state, new TypeError('undefined is not a function'))).toThrow(TypeError);
});
